"""What the entries of config/lexicon become: words' senses, rules, acts, dangers, commands."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sense:
    """One meaning of a lexicon word: what kind of evidence it is and, for topics, of which category."""

    kind: str  # strong (settles the category), trouble, thing, hint, or the name of a sign
    category: str | None = None


@dataclass(frozen=True, slots=True)
class Sign:
    """A rule of signs.yaml."""

    name: str
    weight: float
    patterns: tuple[re.Pattern[str], ...] = ()


@dataclass(frozen=True, slots=True)
class Pair:
    """Two kinds of evidence near each other."""

    name: str
    weight: float
    first: str
    second: str
    within: int


@dataclass(frozen=True, slots=True)
class Act:
    """A way of speaking to the bot (acts.yaml)."""

    name: str
    score: float
    whole: re.Pattern[str] | None
    patterns: re.Pattern[str] | None
    unless: re.Pattern[str] | None
    needs: re.Pattern[str] | None
    echo: re.Pattern[str] | None
    max_length: int


@dataclass(frozen=True, slots=True)
class Alarm:
    """A danger to life (alarms.yaml)."""

    name: str
    category: str
    patterns: re.Pattern[str]
    cancel: re.Pattern[str] | None
    weak: re.Pattern[str] | None
    private: bool


@dataclass(frozen=True, slots=True)
class CommandRule:
    """A command's form (commands.yaml)."""

    verb: str
    words: tuple[str, ...]
    intent: str
    number: str
    rest: str
    bare: bool
    free: bool
    alone: str | None
    #: The word that replies and examples use.
    word: str
    example: str
    #: Who may say it: `resident` (anybody) or posts.
    roles: tuple[str, ...]
    #: Understood, but no handler serves it yet.
    later: bool


@dataclass(frozen=True, slots=True)
class CategoryName:
    """A category's Chinese name and the other words officers use for it."""

    key: str
    name: str
    aliases: tuple[str, ...]
