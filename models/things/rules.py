"""What has a number, and what may fall due: sets to which every subject adds its own."""

from __future__ import annotations

from models.base import OpenSet

kinds = OpenSet("kind of thing")
deadline_kinds = OpenSet("deadline kind")

#: The series of running numbers that all things of a community share, so that 「附议 17」 is never ambiguous.
SERIES = "things"
