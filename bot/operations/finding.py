"""One line of an examination: what was looked at, what was found, and how to mend it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How bad it is."""

    GOOD = "好"
    NOTE = "注意"
    MEND = "要修"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, what was found, and how to mend it."""

    what: str
    verdict: Verdict
    found: str
    mend: str = ""

    def __str__(self) -> str:
        return f"[{self.verdict}] {self.what}：{self.found}{f'。{self.mend}' if self.mend else ''}"
