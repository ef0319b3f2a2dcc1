"""The public board: all communities, and one community's issues with counts, filters and older pages."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from handlers.pages.issues import facts
from handlers.pages.render import at, page, query
from handlers.pages.security import sandbox_allowed
from handlers.pages.site import SITE, Site
from models.issues.public.board import Board, Filter, Line, board
from models.issues.public.board import communities as communities_board
from models.issues.rules import LIVE, Status
from models.places.find import find_community
from models.places.public import Spot
from models.places.tables import Community

#: Issues on one page.
PAGE = 20

routes = web.RouteTableDef()
#: The states that can be asked for, in the order of an issue's life.
STATES = (Status.OPEN.value, Status.ACCEPTED.value, "held", Status.RESOLVED.value, Status.CLOSED.value)


@routes.get("/")
async def communities(request: web.Request) -> web.Response:
    """All communities of this installation."""
    site = request.app[SITE]
    found = await site.database.read(communities_board)
    return page(
        request,
        "places/communities.html",
        communities=found,
        sandbox=site.settings.sandbox_on and sandbox_allowed(request, site.settings),
    )


@routes.get("/c/{community}")
async def one_community(request: web.Request) -> web.Response:
    """One community's board."""
    site = request.app[SITE]
    wanted = read_filter(request)

    def read(session: Any) -> tuple[Community, Board] | None:
        community = find_community(session, request.match_info["community"])
        return (community, board(session, community.id, wanted, limit=PAGE)) if community else None

    found = await site.database.read(read)
    if found is None:
        raise web.HTTPNotFound
    community, shown = found
    here = at("c", community.name)
    return page(
        request,
        "issues/board.html",
        community=community.name,
        here=here,
        board=shown,
        issues=[line(site, community.name, one) for one in shown.lines],
        wanted=wanted,
        states=[
            choice(here, wanted, "status", key, site.texts.text(facts.STATUS_KEYS[key]), shown.counts[key])
            for key in STATES
        ],
        categories=[
            choice(here, wanted, "category", key, site.rules.category(key).name, n)
            for key, n in shown.categories.most_common()
        ],
        buildings=[
            building_choice(here, wanted, estate, name, n, several=shown.several_estates)
            for (estate, name), n in sorted_buildings(shown)
        ],
        everything=choice(here, wanted, "status", "", "", sum(shown.counts.values())),
        filtered=bool(wanted.status or wanted.category or wanted.building),
        older=query(here, **vars_of(wanted) | {"before": shown.more}) if shown.more else "",
        newest=query(here, **vars_of(wanted) | {"before": None}) if wanted.before else "",
    )


def read_filter(request: web.Request) -> Filter:
    """The filter in the address; what makes no sense there is left out."""
    asked = request.query
    before = asked.get("before", "")
    return Filter(
        status=asked.get("status", "") if asked.get("status") in STATES else "",
        category=asked.get("category", "")[:40],
        estate=asked.get("estate", "")[:60],
        building=asked.get("building", "")[:20],
        before=int(before) if before.isascii() and before.isdigit() and len(before) < 12 else None,
    )


def vars_of(wanted: Filter) -> dict[str, str | int | None]:
    """The filter as it stands in an address."""
    return {
        "status": wanted.status,
        "category": wanted.category,
        "estate": wanted.estate,
        "building": wanted.building,
        "before": wanted.before,
    }


def choice(here: str, wanted: Filter, what: str, value: str, label: str, count: int) -> dict[str, Any]:
    """A link that sets one part of the filter, or takes it off again when it is set."""
    current = getattr(wanted, what) == value
    return {
        "label": label,
        "count": count,
        "current": current,
        "href": query(here, **vars_of(wanted) | {what: "" if current else value, "before": None}),
    }


def building_choice(
    here: str, wanted: Filter, estate: str, name: str, count: int, *, several: bool
) -> dict[str, Any]:
    """A link for one building."""
    current = (wanted.estate, wanted.building) == (estate, name)
    label = Spot(estate=estate, building=name, several=several).label
    part = {"estate": "", "building": ""} if current else {"estate": estate, "building": name}
    return {
        "label": label,
        "count": count,
        "current": current,
        "href": query(here, **vars_of(wanted) | part | {"before": None}),
    }


def sorted_buildings(shown: Board) -> list[tuple[tuple[str, str], int]]:
    """By estate, then 2 before 10."""
    return sorted(shown.buildings.items(), key=lambda item: (item[0][0], len(item[0][1]), item[0][1]))


def line(site: Site, community: str, one: Line) -> dict[str, Any]:
    """An issue in the list."""
    return {
        "href": at("c", community, "issues", one.number),
        "number": one.number,
        "title": facts.title(site, one.spot, one.category),
        "status": "held" if one.held else one.status.value,
        "status_word": facts.status_word(site, one.status, held=one.held),
        "category": site.rules.category(one.category).name,
        "urgency": site.texts.text(facts.URGENCY_KEYS[one.urgency])
        if one.status in LIVE and one.urgency != "ordinary"
        else "",
        "opened_at": one.opened_at,
        "endorsements": one.endorsements,
    }
