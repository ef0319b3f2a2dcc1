"""What is the same for every turn, and what a turn asks of the rows it is about."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from bot.language import Reader
from bot.storage.keys import Tokens
from bot.turns.texts import Texts
from config.rules import IssueRules, TalkRules

if TYPE_CHECKING:
    from bot.turns.router import Kind
    from bot.turns.turn import Turn


@dataclass(frozen=True, slots=True)
class Recent:
    """The thing somebody opened or joined in a chat moments ago: what follows within two minutes belongs to
    it."""

    thing_id: int
    at: datetime
    message_id: str | None


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
    happened: Callable[[Turn, object], None]


class Numbered(Protocol):
    """A row with a number, of whatever kind."""

    @property
    def id(self) -> int:
        """The thing's id."""

    @property
    def kind(self) -> str:
        """The thing's kind."""

    @property
    def number(self) -> int:
        """The running number."""


class Somewhere(Protocol):
    """What a post may act on: it has a place, and may complain of posts."""

    @property
    def community_id(self) -> int:
        """The tenant."""

    @property
    def estate_id(self) -> int | None:
        """Where."""

    @property
    def building_id(self) -> int | None:
        """Where."""

    @property
    def number(self) -> int:
        """The running number."""

    @property
    def accused(self) -> Collection[str]:
        """The posts complained of."""
