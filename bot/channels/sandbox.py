"""The sandbox: a WeChat-like group chat in the browser, and its JSON API (contract.md). Residents' lines live
in memory only."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any
from urllib.parse import unquote_to_bytes

from aiohttp import web
from isoduration import parse_duration
from isoduration.types import Duration
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.channels.protocols import Channel, Instant, Parts
from bot.operations.finding import Finding, Verdict
from bot.storage import Database
from bot.turns.clock import Clock
from bot.turns.message import Failed, Hub, Image, Inbound, Sent
from config.settings import Settings
from models.messages.rules import Delivery
from models.messages.tables import Outbox
from models.time import CHINA

#: Lines of residents kept a chat, and the most chats remembered.
KEPT_LINES, KEPT_CHATS = 300, 5_000
#: The longest text and the most pictures taken with one message.
MAX_TEXT, MAX_IMAGES = 20_000, 9
#: Nine pictures of 10 MB, in base64, and some room.
MAX_BODY = 130 * 1024 * 1024
#: The farthest the clock moves at once.
MAX_ADVANCE = timedelta(days=400)


Text = Annotated[str, StringConstraints(max_length=MAX_TEXT)]
Key = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Incoming(BaseModel):
    """The body of POST /sandbox/messages."""

    model_config = ConfigDict(strict=True)
    chat: Key
    sender: Key
    text: Text = ""
    id: Key | None = None
    mention: bool = False
    quote: Key | None = None
    #: A tuple, since pydantic copies a list's default for every message.
    images: Annotated[tuple[str, ...], Field(max_length=MAX_IMAGES)] = ()
    #: Beyond contract.md: lets the page play a voice bubble or a video.
    media: Annotated[str, StringConstraints(pattern="^(voice|video)$")] | None = None


class Recall(BaseModel):
    """The body of POST /sandbox/recall."""

    model_config = ConfigDict(strict=True)
    chat: Key
    sender: Key
    id: Key


class Advance(BaseModel):
    """The body of POST /sandbox/clock."""

    model_config = ConfigDict(strict=True)
    advance: Key


@dataclass(slots=True)
class Line:
    """What somebody said, for the page only."""

    id: str
    seq: int
    sender: str
    text: str
    images: tuple[str, ...]
    at: datetime


class Malformed(Exception):
    """The request cannot be read; the message says what is wrong with it."""


class Sandbox(Channel, Instant):
    """The channel `sandbox`. A person of the roster is reached as `dm:<key>`; committed is delivered."""

    name, by_key, max_body = "sandbox", True, MAX_BODY

    def __init__(
        self,
        database: Database,
        clock: Clock,
        hub: Hub,
        advance: Callable[[timedelta], Awaitable[list[Sent]]],
    ) -> None:
        self.database, self.clock, self.hub, self._advance = database, clock, hub, advance
        #: Chat → id → line, oldest first.
        self._lines: OrderedDict[str, dict[str, Line]] = OrderedDict()
        self._last = 0
        self._moving = asyncio.Lock()

    # --- as a channel -----------------------------------------------------------------------------

    @classmethod
    def on(cls, settings: Settings) -> bool:
        """On in the demo (contract.md)."""
        return settings.sandbox_on

    @classmethod
    def opened(cls, parts: Parts) -> Sandbox:
        """It has the clock in its hands, too."""
        return cls(parts.database, parts.clock, parts.hub, parts.advance)

    @classmethod
    def examine(cls, settings: Settings) -> Iterator[Finding]:
        """Whether strangers can speak in anybody's name."""
        if settings.sandbox_open:
            yield Finding(
                "沙盒",
                Verdict.NOTE,
                "对所有机器开放，任何人都能以任何人的身份发言",
                "正式使用前设 YISHITING_SANDBOX=0",
            )

    def mount(self, app: web.Application) -> None:
        """Add the API's routes."""
        app.router.add_post("/sandbox/messages", self.post_message)
        app.router.add_post("/sandbox/recall", self.post_recall)
        app.router.add_get("/sandbox/chats", self.get_chats)
        app.router.add_get("/sandbox/chats/{chat}/messages", self.get_messages)
        app.router.add_get("/sandbox/clock", self.get_clock)
        app.router.add_post("/sandbox/clock", self.post_clock)

    def receipt(self) -> str:
        """The next `seq`, as the id of a message that the commit delivers. Rises over restarts because it
        follows the wall clock."""
        return str(self._next())

    def _next(self) -> int:
        # Microseconds since 1970 stay below 2**53 until 2255, so that JavaScript can hold them.
        self._last = max(self._last + 1, time.time_ns() // 1000)
        return self._last

    # --- the API ----------------------------------------------------------------------------------

    async def post_message(self, request: web.Request) -> web.Response:
        """Say something as somebody."""
        try:
            said = Incoming.model_validate_json(await request.read())
        except (ValidationError, ValueError) as error:
            return _malformed(error)
        if not await self._known(said.chat, said.sender):
            return _error(404, "unknown chat or sender")
        images: tuple[Image, ...] = ()
        if said.images:
            try:
                images = tuple(Image(_decoded(url)) for url in said.images)
            except Malformed as error:
                return _error(422, str(error))
        self._line(said)
        return await self._answer(
            Inbound(
                channel=self.name,
                chat=said.chat,
                sender=said.sender,
                text=said.text,
                message_id=said.id,
                mention=said.mention,
                quote=said.quote,
                images=images,
                media=said.media,
            )
        )

    async def post_recall(self, request: web.Request) -> web.Response:
        """Take a message back, as WeChat allows for two minutes."""
        try:
            asked = Recall.model_validate_json(await request.read())
        except (ValidationError, ValueError) as error:
            return _malformed(error)
        if not await self._known(asked.chat, asked.sender):
            return _error(404, "unknown chat or sender")
        line = self._lines.get(asked.chat, {}).get(asked.id)
        if line is not None and line.sender == asked.sender:
            del self._lines[asked.chat][asked.id]
        return await self._answer(
            Inbound(channel=self.name, chat=asked.chat, sender=asked.sender, recalled=asked.id)
        )

    async def _answer(self, inbound: Inbound) -> web.Response:
        """All messages that the turn committed, or 503 with the apology."""
        try:
            sent = await self.hub.receive(inbound)
        except Failed as failed:
            return _error(503, str(failed))
        if not sent:
            return web.Response(body=b'{"replies": []}', content_type="application/json")
        return _json({"replies": [as_message(s) for s in sent]})

    async def get_chats(self, _request: web.Request) -> web.Response:
        """The groups and who is in them."""
        await self.hub.refresh_if_stale()
        members = await self.database.read(
            lambda session: self.hub.directory.members(session, self.clock.now())
        )
        chats = [c for c in self.hub.directory.chats.values() if c.channel == self.name]
        return _json([{"chat": c.key, "name": c.name, "members": members.get(c.id, [])} for c in chats])

    async def get_messages(self, request: web.Request) -> web.Response:
        """The bot's messages from the database and the residents' lines from memory, by `seq`."""
        chat = request.match_info["chat"]
        try:
            since = int(request.query.get("after", "0"))
        except ValueError:
            return _error(422, "after: a number")
        if not await self._known(chat, None):
            return _error(404, "unknown chat")

        def said(session: Session) -> list[Outbox]:
            query = select(Outbox).where(
                Outbox.channel == self.name,
                Outbox.address == chat,
                Outbox.delivery == Delivery.SENT,
                Outbox.receipt > f"{max(0, since):016d}",
            )
            return list(session.scalars(query.order_by(Outbox.receipt.desc()).limit(KEPT_LINES)))

        rows = await self.database.read(said)
        messages = [_message(r.receipt or "0", r.address, r.body, r.at) for r in rows]
        messages += [
            self._as_message(chat, line) for line in self._lines.get(chat, {}).values() if line.seq > since
        ]
        return _json({"messages": sorted(messages, key=lambda m: int(m["seq"]))})

    async def get_clock(self, _request: web.Request) -> web.Response:
        """Business time."""
        return _json({"now": _iso(self.clock.now())})

    async def post_clock(self, request: web.Request) -> web.Response:
        """Move the clock forward; everything due on the way happens in its order."""
        try:
            delta = _span(Advance.model_validate_json(await request.read()).advance, self.clock.now())
        except ValidationError as error:
            return _malformed(error)
        except Malformed as error:
            return _error(422, str(error))
        async with self._moving:
            sent = await self._advance(delta)
        return _json(
            {
                "now": _iso(self.clock.now()),
                "messages": [as_message(s) for s in sent if s.channel == self.name],
            }
        )

    # --- parts ------------------------------------------------------------------------------------

    def _exists(self, chat: str, sender: str | None) -> bool:
        people = self.hub.directory.people
        if sender is not None and sender not in people:
            return False
        if chat.startswith("dm:"):
            return chat[3:] in people and (sender is None or sender == chat[3:])
        return (self.name, chat) in self.hub.directory.chats

    async def _known(self, chat: str, sender: str | None) -> bool:
        """An import on the command line may have added them a moment ago."""
        return self._exists(chat, sender) or (
            await self.hub.refresh_if_stale() and self._exists(chat, sender)
        )

    def _line(self, said: Incoming) -> None:
        """Keep the line for the page, once."""
        kept = self._lines.get(said.chat)
        if kept is None:
            kept = self._lines[said.chat] = {}
            while len(self._lines) > KEPT_CHATS:
                self._lines.popitem(last=False)
        elif said.id is not None and said.id in kept:
            return
        seq = self._next()
        pictures = tuple(url for url in said.images if len(url) < 2_000_000)[:3]
        kept[said.id or str(seq)] = Line(
            said.id or str(seq), seq, said.sender, said.text, pictures, self.clock.now()
        )
        if len(kept) > KEPT_LINES:
            del kept[next(iter(kept))]

    def _as_message(self, chat: str, line: Line) -> dict[str, Any]:
        return {
            "id": line.id,
            "seq": line.seq,
            "chat": chat,
            "sender": line.sender,
            "text": line.text,
            "buttons": [],
            "images": list(line.images),
            "links": [],
            "at": _iso(line.at),
        }


def as_message(sent: Sent) -> dict[str, Any]:
    """A committed message of the bot in the contract's shape, to whatever chat it went."""
    return _message(sent.receipt or "0", sent.address, sent.body, sent.at)


def _message(receipt: str, chat: str, body: dict[str, Any], at: datetime) -> dict[str, Any]:
    seq = int(receipt) if receipt.isdigit() else 0
    return {"id": receipt, "seq": seq, "chat": chat, "sender": "bot", **body, "at": _iso(at)}


def _iso(at: datetime) -> str:
    return at.astimezone(CHINA).isoformat(timespec="seconds")


def _json(value: Any, status: int = 200) -> web.Response:
    return web.Response(
        text=json.dumps(value, ensure_ascii=False), status=status, content_type="application/json"
    )


def _error(status: int, why: str) -> web.Response:
    return _json({"error": why}, status)


def _malformed(error: Exception) -> web.Response:
    if isinstance(error, ValidationError):
        first = error.errors(include_input=False, include_url=False)[0]
        return _error(422, f"{'.'.join(str(p) for p in first['loc']) or 'body'}: {first['msg']}")
    return _error(422, "body: not JSON")


def _decoded(url: str) -> bytes:
    """The bytes of a data URL; raises `Malformed`."""
    head, comma, data = url.partition(",")
    if not head.startswith("data:") or not comma:
        raise Malformed("images: each must be a data URL")
    if head.endswith(";base64"):
        try:
            return base64.b64decode(data, validate=True)
        except (binascii.Error, ValueError) as error:
            raise Malformed("images: not base64") from error
    return unquote_to_bytes(data)


def _span(words: str, now: datetime) -> timedelta:
    """An ISO 8601 duration, 0 to 400 days; raises `Malformed`."""
    try:
        duration: Duration = parse_duration(words)
        start = now.replace(microsecond=0)  # isoduration drops what is below a second
        span: timedelta = (start + duration) - start
    except Exception as error:
        raise Malformed("advance: an ISO 8601 duration like PT2H") from error
    if not timedelta(0) <= span <= MAX_ADVANCE:
        raise Malformed("advance: between nothing and 400 days")
    return span
