"""The page behind the QR code at the gate: one text field, a photo, no login. Works without JavaScript."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from dataclasses import dataclass
from typing import Any

from aiohttp import BodyPartReader, MultipartReader, web
from sqlalchemy.orm import Session

from bot.language import parse_place
from bot.storage import photos
from bot.turns.message import Failed, Image, Inbound
from handlers.pages.render import at, page
from handlers.pages.security import client_key
from handlers.pages.site import SITE
from models.issues.public.follow import GATE, followed
from models.places.find import find_community
from models.places.public import Places
from models.places.rules import building_name

routes = web.RouteTableDef()

#: Letters of one report.
LONGEST = 1000
#: A photo and the words beside it.
LARGEST_BODY = photos.LARGEST + 64 * 1024
FORM = "gate"


@dataclass(frozen=True, slots=True)
class Gate:
    """Where the code hangs."""

    community: str
    estate: str = ""
    building: str = ""

    @property
    def label(self) -> str:
        """「金康园小区3栋」; empty for the whole community."""
        return f"{self.estate}{building_name(self.building)}" if self.building else self.estate

    @property
    def path(self) -> str:
        """The page's address."""
        return at(*(part for part in ("r", self.community, self.estate, self.building) if part))


@dataclass(frozen=True, slots=True)
class Written:
    """What came with the form."""

    text: str = ""
    photo: bytes = b""
    nonce: str = ""
    too_large: bool = False


@routes.get("/r/{community}")
@routes.get("/r/{community}/{estate}/{building}")
async def show(request: web.Request) -> web.Response:
    """The empty form."""
    return form(request, await find(request))


@routes.post("/r/{community}")
@routes.post("/r/{community}/{estate}/{building}")
async def take(request: web.Request) -> web.Response:
    """Bring the report to the hub and lead to the page on which it can be followed."""
    site = request.app[SITE]
    gate = await find(request)
    free = site.limits.address.take(client_key(request, site.settings)) and site.limits.building.take(
        gate.path
    )
    written = await read_form(request, limit=LARGEST_BODY)
    if not free:
        return form(request, gate, "pages/gate_busy", text=written.text, status=429)
    if problem := await problem_of(written):
        return form(request, gate, problem, text=written.text, status=413 if written.too_large else 422)
    nonce = site.tokens.verify(FORM, written.nonce)
    if nonce is None or not nonce.endswith(gate.path):
        return form(request, gate, "pages/gate_again", text=written.text, status=422)
    # Sent twice is the same report; another text sent from the same page (after 「back」) is another one.
    message_id = f"{nonce.partition(' ')[0]}-{content_of(written)}"
    token = site.tokens.derive("follow", message_id)
    try:
        sent = await site.hub.receive(
            Inbound(
                channel=GATE,
                chat=f"dm:{token}",
                sender=token,
                text=placed(gate, written.text),
                message_id=message_id,
                images=(Image(data=written.photo),) if written.photo else (),
                community=gate.community,
            )
        )
    except Failed:
        return form(request, gate, "help/sorry", text=written.text, status=503)

    def known(session: Session) -> bool:
        return followed(session, token) is not None

    if await site.database.read(known):
        raise web.HTTPSeeOther(at("t", token))
    # Nothing was opened: the bot's own words if it answered, else the request for a plainer sentence.
    answer = "\n".join(str(one.body["text"]) for one in sent if one.address == f"dm:{token}")
    return form(
        request,
        gate,
        "" if answer else "pages/gate_unclear",
        text=written.text,
        answer=answer,
        status=200 if answer else 422,
    )


def placed(gate: Gate, text: str) -> str:
    """The words with the gate's place before them, unless they name a building themselves."""
    if not gate.label or parse_place(text).building is not None:
        return text
    return f"{gate.label}：{text}"


async def find(request: web.Request) -> Gate:
    """The gate in the address, if the roster knows it."""
    community, estate, building = (
        request.match_info.get(part, "") for part in ("community", "estate", "building")
    )

    def read(session: Session) -> bool:
        found = find_community(session, community)
        return found is not None and (
            not building or bool(Places(session, found.id).building_ids(estate, building))
        )

    if not await request.app[SITE].database.read(read):
        raise web.HTTPNotFound
    return Gate(community, estate, building)


def form(
    request: web.Request,
    gate: Gate,
    problem: str = "",
    *,
    text: str = "",
    answer: str = "",
    status: int = 200,
) -> web.Response:
    """The page, with what was already written and a kind word on what is missing."""
    site = request.app[SITE]
    nonce = site.tokens.sign(FORM, f"{secrets.token_urlsafe(12)} {gate.path}")
    response = page(
        request,
        "issues/gate.html",
        status=status,
        private=True,
        gate=gate,
        board=at("c", gate.community),
        nonce=nonce,
        text=text,
        answer=answer,
        problem=site.texts.text(problem) if problem else "",
        longest=LONGEST,
    )
    # Without a referrer some browsers call the form's own origin foreign.
    response.headers["Referrer-Policy"] = "same-origin"
    return response


async def problem_of(written: Written) -> str:
    """The key of what to ask for, or nothing."""
    if written.too_large:
        return "pages/photo_large"
    if not written.text:
        return "pages/gate_empty"
    if written.photo:
        try:
            await asyncio.to_thread(photos.check, written.photo)
        except photos.NotAPhoto as no:
            return "pages/photo_large" if no.reason == "large" else "pages/photo_kind"
    return ""


def content_of(written: Written) -> str:
    """A short name of what was written."""
    return hashlib.sha256(written.text.encode() + b"\0" + written.photo).hexdigest()[:16]


async def read_form(request: web.Request, *, limit: int) -> Written:
    """The form's fields, read in memory, no more than `limit` bytes of them."""
    values: dict[str, Any] = {}
    if request.content_type != "multipart/form-data":
        posted = await request.clone(client_max_size=64 * 1024).post()
        return Written(text=_text(posted.get("text")), nonce=_text(posted.get("m")))
    room = limit
    too_large = False
    try:
        reader = await request.multipart()
        while (part := await reader.next()) is not None:
            if isinstance(part, MultipartReader) or part.name not in {"text", "m", "photo"}:
                continue
            raw = await _read(part, room)
            if raw is None:
                too_large = True
                break
            room -= len(raw)
            values[part.name] = raw if part.name == "photo" else raw.decode("utf-8", "replace")
    except (ValueError, RuntimeError, AssertionError):
        # No boundary, no part headers: not sent by our form.
        raise web.HTTPBadRequest from None
    return Written(_text(values.get("text")), values.get("photo", b""), _text(values.get("m")), too_large)


async def _read(part: BodyPartReader, room: int) -> bytes | None:
    """One part, or None when there is more of it than room."""
    out = bytearray()
    while chunk := await part.read_chunk(64 * 1024):
        out += chunk
        if len(out) > room:
            return None
    return bytes(out)


def _text(value: object) -> str:
    return value.replace("\0", "").strip()[:LONGEST] if isinstance(value, str) else ""
