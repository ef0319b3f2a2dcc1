"""What is the same for every turn, and what a turn asks of the rows it is about."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.language import Reader
from bot.storage.keys import Tokens
from bot.turns.message import Reply
from bot.turns.texts import Texts
from config.rules import IssueRules, TalkRules


@dataclass(frozen=True, slots=True)
class Kind:
    """What the subject of a kind of things says of them to everybody else; each function takes the turn and
    the thing."""

    #: The public title, never a resident's words (promise 12).
    title: Callable[[Any, Any], str]
    #: The part of the address between the community and the number.
    page: str
    #: Whether the speaker may know that it is there.
    seen: Callable[[Any, Any], bool]
    #: What follows within two minutes of it, from the same person; None when it is something else.
    follow: Callable[[Any, Any], Reply | None]


@dataclass(frozen=True, slots=True)
class Recent:
    """The thing somebody opened or joined in a chat moments ago: what follows within two minutes belongs to
    it."""

    thing_id: int
    at: datetime


@dataclass(frozen=True, slots=True)
class World:
    """What is the same for every turn of a running installation."""

    texts: Texts
    rules: IssueRules
    talk: TalkRules
    reader: Reader
    tokens: Tokens
    url: str
    #: Names of the channels that are running; the one, if any, whose accounts are the people of the roster by
    #: their keys; and those on which nobody is told anything until they open a page.
    channels: frozenset[str]
    roster: str | None
    silent: frozenset[str]
    #: What the subjects say of their things, by kind.
    kinds: Mapping[str, Kind]
    #: Tells the other subjects what a step did.
    happened: Callable[[Any, object], None]
