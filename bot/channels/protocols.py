"""What a channel is. Each protocol is one thing that a channel can do, so that none has a method nobody
calls; what a class says of itself are facts about the platform, to be asked for instead of its name."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar, Protocol, runtime_checkable

from aiohttp import web

from bot.operations.finding import Finding
from bot.storage import Database
from bot.turns.clock import Clock
from bot.turns.message import Hub, Sent
from bot.turns.texts import Texts
from config.settings import Section, Settings


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of an installation that a channel may be made of."""

    settings: Settings
    database: Database
    clock: Clock
    texts: Texts
    hub: Hub
    #: Moves the business time forward and does what falls due on the way.
    advance: Callable[[timedelta], Awaitable[list[Sent]]]


class Channel(Protocol):
    """One platform: wire in, `Inbound` out."""

    name: ClassVar[str]
    #: Its section of the settings, called like itself; without it the channel is off. None: needs no setting.
    section: ClassVar[type[Section] | None] = None
    #: How to turn it on, for `doctor`.
    connect: ClassVar[str] = ""
    #: Accounts are the people of the roster under their keys, so that it reaches every one of them.
    by_key: ClassVar[bool] = False
    #: A message that is delivered has reached somebody; not so where it stands on a page until they open it.
    tells: ClassVar[bool] = True
    #: The largest body of a request that it takes.
    max_body: ClassVar[int] = 1 << 20

    @classmethod
    def on(cls, settings: Settings) -> bool:
        """Whether it runs in this installation."""
        return cls.section is None or cls.name in settings.sections

    @classmethod
    def opened(cls, parts: Parts) -> Channel:
        """The channel of an installation in which it is on."""

    @classmethod
    def examine(cls, _settings: Settings) -> Iterator[Finding]:
        """What `doctor` says about it where it is on."""
        return iter(())

    def mount(self, app: web.Application) -> None:
        """Add the routes and background tasks, if there are any."""


@runtime_checkable
class Sends(Protocol):
    """A body in, wire out: the platform is brought each message."""

    #: Messages a minute into one chat.
    per_minute: int = 20

    async def send(self, address: str, body: dict[str, Any], key: str) -> str | None:
        """Deliver one message and return the platform's id of it; raise `Undeliverable`."""


@runtime_checkable
class Instant(Protocol):
    """Committed is delivered: the channel's own readers take messages from the outbox table."""

    def receipt(self) -> str:
        """The id of a message that is delivered by its commit."""


@runtime_checkable
class Fetches(Protocol):
    """Pictures come as addresses."""

    async def fetch(self, address: str) -> bytes:
        """The bytes of a picture; raise `bot.photos.NotAPhoto` when they cannot be had."""


class Undeliverable(Exception):
    """The channel could not hand a message over; `final` when trying again cannot help."""

    def __init__(self, why: str, *, final: bool = False) -> None:
        super().__init__(why)
        self.final = final
