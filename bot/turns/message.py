"""What passes between a channel and the hub: plain values that know no platform."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from models.people.find.directory import Directory


@dataclass(frozen=True, slots=True)
class Image:
    """A picture as it came: bytes, or an address from which the channel fetches it when the message turns out
    to matter."""

    data: bytes | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Inbound:
    """One message or event from a platform, after the channel checked where it comes from.

    `chat` is a group's key or `dm:` and the sender's external id; `message_id` is None when the platform gave
    none (then nothing can be deduplicated); `quote` is the platform's id of the quoted message; `recalled`
    the id of a message taken back.
    """

    channel: str
    chat: str
    sender: str
    text: str = ""
    message_id: str | None = None
    nickname: str = ""
    mention: bool = False
    quote: str | None = None
    images: tuple[Image, ...] = ()
    #: voice or video that the channel cannot turn into text
    media: str | None = None
    recalled: str | None = None
    #: The name of the community, where the channel knows it (the page behind the QR code).
    community: str = ""

    @property
    def direct(self) -> bool:
        """Said to the bot alone."""
        return self.chat.startswith("dm:")


@dataclass(frozen=True, slots=True)
class Button:
    """A tap that sends `send` as the person."""

    label: str
    send: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What a handler answers: words by their key in config/texts, not yet bound to a chat."""

    text: str
    buttons: tuple[Button, ...] = ()
    images: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    #: The id of the thing it speaks of: quoting the delivered message names it.
    about: int | None = None
    #: To the sender alone even when the question came in a group.
    private: bool = False

    def body(self) -> dict[str, Any]:
        """The JSON kept in the outbox."""
        return {
            "text": self.text,
            "buttons": [{"label": b.label, "send": b.send} for b in self.buttons],
            "images": list(self.images),
            "links": list(self.links),
        }


class Refused(Exception):
    """An expected no: rolls the turn back and answers, in private, with a text of config/texts."""

    def __init__(self, key: str, **values: Any) -> None:
        super().__init__(key)
        self.key, self.values = key, values


class Overheard(Refused):
    """A no to words that in a group may have been talk among neighbours: then it stays unsaid, unless a post,
    a number or a mention shows that the bot was meant."""


class Failed(Exception):
    """A turn failed and left nothing. Its message is the apology, for whoever waits for the answer."""


@dataclass(frozen=True, slots=True)
class Sent:
    """One outgoing message as committed: what channels deliver and what a repeated message is answered
    with."""

    id: int
    channel: str
    address: str
    body: dict[str, Any]
    at: datetime
    delivered: bool
    #: The platform's own id of it, once delivered.
    receipt: str | None


class Hub(Protocol):
    """Where channels and pages bring what somebody said."""

    @property
    def directory(self) -> Directory:
        """The roster as of now."""

    async def receive(self, inbound: Inbound) -> list[Sent]:
        """Everything the message caused, committed; raises `Failed` where the sender waits for the answer."""

    async def refresh_if_stale(self) -> bool:
        """Read the roster anew if it changed."""


@dataclass(slots=True)
class Outgoing:
    """A message a turn wants sent, before its address is known."""

    reply: Reply
    #: Exactly one of the three: a chat on a channel, an identity, a person.
    address: tuple[str, str] | None = None
    identity_id: int | None = None
    person_id: int | None = None
    #: A reminder waits out quiet hours; an answer or an emergency does not.
    reminder: bool = False
