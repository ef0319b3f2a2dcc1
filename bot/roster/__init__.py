"""The roster: who lives where and who serves where, read from a community's own spreadsheets.

Four steps, each of which can be tried alone: `files` reads cells, `check` turns them into rows and problems,
`compare` sets them against the database (`places`, `people`, `posts`, `chats`) and makes a `plan`, `write`
carries it out in one short transaction.
"""

from .check import Roster, check
from .files import Book, Unreadable, read
from .load import Outdated, business_time, commit, load_demo, seed, survey
from .plan import Plan
from .problem import Problem

__all__ = [
    "Book",
    "Outdated",
    "Plan",
    "Problem",
    "Roster",
    "Unreadable",
    "business_time",
    "check",
    "commit",
    "load_demo",
    "read",
    "seed",
    "survey",
]
