"""The reporter's own view of what was reported at the gate: where it stands, and the answer to
「解决了吗」."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime
from typing import Any

from aiohttp import web
from sqlalchemy.orm import Session

from bot.storage.keys import photo_link
from bot.turns.message import Failed, Inbound
from handlers.pages.issues import facts
from handlers.pages.render import at, page
from handlers.pages.site import SITE, Site
from models.issues.public.follow import GATE, Followed, Mine, followed, question_seen
from models.issues.rules import Status, Urgency
from models.people.rules import ROLE_NAMES

routes = web.RouteTableDef()
FORM = "follow"
LONGEST = 500
#: Fields of the form, each with its limit.
FIELDS = {"do": 10, "number": 12, "reason": LONGEST, "score": 1, "remark": LONGEST, "text": LONGEST, "m": 400}


@routes.get(r"/t/{token:[A-Za-z0-9_-]{8,64}}")
async def show(request: web.Request) -> web.Response:
    """Everything behind the secret address."""
    found = await find(request)
    site = request.app[SITE]
    asked = [mine.endorsement_id for mine in found.issues if mine.open_question and not mine.asked_seen]
    if asked and request.method == "GET" and not prefetched(request):
        await remember_seen(site, asked, site.clock.now())
    return shown(request, found)


@routes.post(r"/t/{token:[A-Za-z0-9_-]{8,64}}")
async def answer(request: web.Request) -> web.Response:
    """已解决, 没修好, a rating, or a further word, said in the reporter's name."""
    site, token = request.app[SITE], request.match_info["token"]
    found = await find(request)
    posted = await request.clone(client_max_size=64 * 1024).post()
    fields = {name: read_field(posted.get(name), limit) for name, limit in FIELDS.items()}
    if not site.limits.follower.take(token):
        return shown(request, found, problem="pages/follow_busy", status=429)
    said = words_of(site, fields, {mine.view.issue.number for mine in found.issues})
    if said is None:
        return shown(request, found, problem="pages/follow_empty", status=422)
    nonce = site.tokens.verify(FORM, fields["m"])
    if nonce is None or not nonce.endswith(token):
        return shown(request, found, problem="pages/gate_again", status=422)
    message_id = f"{nonce.partition(' ')[0]}-{hashlib.sha256(said.encode()).hexdigest()[:16]}"
    community = found.issues[0].community if found.issues else ""
    try:
        await site.hub.receive(
            Inbound(
                channel=GATE,
                chat=f"dm:{token}",
                sender=token,
                text=said,
                message_id=message_id,
                community=community,
            )
        )
    except Failed:
        return shown(request, found, problem="help/sorry", status=503)
    raise web.HTTPSeeOther(at("t", token))


async def find(request: web.Request) -> Followed:
    """What the token leads to, or the kind page for an unknown one."""
    token = request.match_info["token"]

    def read(session: Session) -> Followed | None:
        return followed(session, token)

    found = await request.app[SITE].database.read(read)
    if found is None:
        raise web.HTTPNotFound
    return found


def shown(request: web.Request, found: Followed, *, problem: str = "", status: int = 200) -> web.Response:
    """The page."""
    site, token = request.app[SITE], request.match_info["token"]
    return page(
        request,
        "issues/follow.html",
        status=status,
        private=True,
        here=at("t", token),
        issues=[told(site, mine) for mine in found.issues],
        messages=[(moment, body["text"]) for moment, body in found.messages[-3:]],
        nonce=site.tokens.sign(FORM, f"{secrets.token_urlsafe(12)} {token}"),
        problem=site.texts.text(problem) if problem else "",
        longest=LONGEST,
    )


def told(site: Site, mine: Mine) -> dict[str, Any]:
    """One issue as its reporter reads it: with the officers' words, and without a neighbour's."""
    view, row = mine.view, mine.view.issue
    reached = [Status.OPEN, Status.ACCEPTED, Status.RESOLVED, Status.CLOSED]
    return {
        "number": row.number,
        "title": facts.title(site, view.spot, row.category),
        "status": row.status.value,
        "status_word": site.texts.text(FOLLOW_KEYS[row.status]),
        "steps": [
            (site.texts.text(facts.STATUS_KEYS[step]), n <= reached.index(row.status), step is row.status)
            for n, step in enumerate(reached)
        ]
        if row.status in reached
        else [],
        "holder": f"{ROLE_NAMES[view.holder.role]} {view.holder.name}" if view.holder else "",
        "held_until": row.held_until if row.status is Status.ACCEPTED else None,
        "deadlines": [
            (site.texts.text(facts.DEADLINE_KEYS[clock.what]), clock.due, clock.met)
            for clock in view.deadlines
            if clock.met is None
        ],
        "history": [
            (event.at, facts.sentence(site, event), facts.by(event), event.detail if event.role else "")
            for event in view.history
        ],
        "words": mine.words,
        "photos": [photo_link(site.tokens, digest) for digest in mine.photos],
        "emergency": row.urgency is Urgency.EMERGENCY and row.live,
        "asked": mine.open_question,
        "rate": row.status is Status.CLOSED and mine.score is None,
        "reopen": row.status is Status.CLOSED,
        "score": mine.score,
        "public": "" if row.sensitive or row.hidden else at("c", mine.community, "issues", row.number),
        "board": at("c", mine.community),
    }


#: The state in a sentence for the one who reported it.
FOLLOW_KEYS: dict[Status, str] = {
    Status.OPEN: "pages/follow_open",
    Status.ACCEPTED: "pages/follow_accepted",
    Status.RESOLVED: "pages/follow_resolved",
    Status.CLOSED: "pages/follow_closed",
    Status.REFUSED: "pages/follow_refused",
    Status.WITHDRAWN: "pages/follow_withdrawn",
    Status.MERGED: "pages/follow_merged",
}


def words_of(site: Site, fields: dict[str, str], numbers: set[int]) -> str | None:
    """What the buttons say, as the resident would type it; None when something is missing."""
    if fields["do"] == "say":
        return fields["text"] or None
    number = int(fields["number"]) if fields["number"].isascii() and fields["number"].isdigit() else 0
    if number not in numbers:
        return None
    if fields["do"] == "confirm":
        return site.texts.text("pages/send_confirm", number=number)
    if fields["do"] == "contest":
        return site.texts.text("pages/send_contest", number=number, reason=fields["reason"])
    if fields["do"] == "rate" and fields["score"] in {"1", "2", "3", "4", "5"}:
        return site.texts.text(
            "pages/send_rate", number=number, score=fields["score"], remark=fields["remark"]
        )
    return None


def read_field(value: object, limit: int) -> str:
    """A text field: one line of at most so many letters."""
    return " ".join(value.replace("\0", "").split())[:limit] if isinstance(value, str) else ""


def prefetched(request: web.Request) -> bool:
    """Fetched ahead by a browser or a link preview: nobody has read it yet."""
    return "prefetch" in request.headers.get("Sec-Purpose", "") + request.headers.get("Purpose", "")


async def remember_seen(site: Site, endorsement_ids: list[int], now: datetime) -> None:
    """Note that the question was read."""

    def write(session: Session) -> None:
        question_seen(session, endorsement_ids, now)

    await site.database.turn(write)
