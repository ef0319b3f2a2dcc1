"""One issue: its page, its JSON twin, and the short address by running number."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from aiohttp import web

from handlers.pages.issues import facts
from handlers.pages.render import at, data, page
from handlers.pages.site import SITE
from models.issues.public.issue import IssueView, view
from models.issues.rules import Status
from models.issues.tables import Issue
from models.people.rules import ROLE_NAMES
from models.places.find import find_community
from models.things.find import numbered

routes = web.RouteTableDef()

#: What stands before an issue is one of these; a stage of the journey is drawn for each.
STEPS = (Status.OPEN, Status.ACCEPTED, Status.RESOLVED, Status.CLOSED)


@routes.get(r"/c/{community}/issues/{number:\d{1,15}}")
async def show(request: web.Request) -> web.Response:
    """The page, made for a phone."""
    site = request.app[SITE]
    found = await _find(request)
    if isinstance(found, Issue):
        # It exists, and that is all the public may know (promise 11).
        title, text = site.texts.text("pages/not_public_title"), site.texts.text("pages/not_public_text")
        return page(
            request,
            "told.html",
            status=404,
            title=title,
            text=text,
            back=at("c", request.match_info["community"]),
        )
    if found is None:
        raise web.HTTPNotFound
    known = facts.issue(site, found)
    row = found.issue
    held = row.held_until if row.status is Status.ACCEPTED else None
    reached = STEPS.index(row.status) if row.status in STEPS else -1
    return page(
        request,
        "issues/issue.html",
        community=request.match_info["community"],
        board=at("c", request.match_info["community"]),
        issue=known,
        status_word=facts.status_word(site, row.status, held=held is not None),
        mean=stars(found.mean),
        held_until=held,
        steps=[
            (site.texts.text(facts.STATUS_KEYS[step]), n <= reached, n == reached)
            for n, step in enumerate(STEPS)
        ]
        if reached >= 0
        else [],
        category=site.rules.category(row.category).name,
        urgency=site.texts.text(facts.URGENCY_KEYS[row.urgency]),
        holder=found.holder,
        holder_role=ROLE_NAMES[found.holder.role] if found.holder else "",
        deadlines=[
            (site.texts.text(facts.DEADLINE_KEYS[clock.what]), clock.due, clock.met)
            for clock in found.deadlines
        ],
        history=[
            (event.at, line["what"], line["by"])
            for event, line in zip(found.history, known["history"], strict=True)
        ],
        photos=[at("photos", f"{digest}.jpg") for digest in found.photos],
        joined=found.joined,
        joined_href=at("c", request.match_info["community"], "issues", found.joined) if found.joined else "",
        opened_at=row.opened_at,
    )


@routes.get(r"/c/{community}/issues/{number:\d{1,15}}.json")
async def twin(request: web.Request) -> web.Response:
    """The same facts for machines."""
    site = request.app[SITE]
    found = await _find(request)
    if found is None or isinstance(found, Issue):
        return data({"error": site.texts.text("pages/missing_title")}, status=404)
    return data(facts.issue(site, found))


def stars(mean: Fraction | None) -> str:
    """4.5: tenths, rounded half up, in integers."""
    if mean is None:
        return ""
    tenths = (mean * 20 + 1) // 2
    return str(tenths // 10) if tenths % 10 == 0 else f"{tenths // 10}.{tenths % 10}"


async def _find(request: web.Request) -> IssueView | Issue | None:
    """The issue as the public may see it; the bare row of one it may not see; None where there is none."""
    community, number = request.match_info["community"], int(request.match_info["number"])

    def read(session: Any) -> IssueView | Issue | None:
        place = find_community(session, community)
        issue = numbered(session, place.id, number) if place else None
        if not isinstance(issue, Issue):
            return None
        return view(session, issue) if issue.public else issue

    return await request.app[SITE].database.read(read)
