"""The sandbox: a WeChat-like page on which anybody plays anybody of the roster. The talking itself is the
sandbox channel's API."""

from __future__ import annotations

from typing import Any

from aiohttp import web
from sqlalchemy.orm import Session

from handlers.pages.render import page
from handlers.pages.site import SITE, Site
from models.people.find.cast import Group, Player, cast, player
from models.people.rules import ROLE_NAMES

routes = web.RouteTableDef()


@routes.get("/sandbox")
async def show(request: web.Request) -> web.Response:
    """The page; who plays whom stands after the # of its address."""
    return page(request, "people/sandbox.html", private=True)


@routes.get("/sandbox/people")
async def people(request: web.Request) -> web.Response:
    """Whom one can play, by kind: `?q=` searches names, keys and homes."""
    site = request.app[SITE]
    asked, now = request.query.get("q", "").strip()[:40], site.clock.now()

    def read(session: Session) -> list[Group]:
        return cast(session, now, asked=asked)

    groups = await site.database.read(read)
    return _json(
        {
            "groups": [
                {
                    "name": group_name(site, group),
                    "more": group.more,
                    "people": [described(one) for one in group.people],
                }
                for group in groups
            ]
        }
    )


@routes.get("/sandbox/people/{key}")
async def person(request: web.Request) -> web.Response:
    """One of them."""
    key, now = request.match_info["key"], request.app[SITE].clock.now()

    def read(session: Session) -> Player | None:
        return player(session, key, now)

    found = await request.app[SITE].database.read(read)
    if found is None:
        return _json({"error": request.app[SITE].texts.text("pages/sandbox_nobody")}, status=404)
    return _json(described(found))


def group_name(site: Site, group: Group) -> str:
    """The heading of a group in the picker."""
    return ROLE_NAMES[group.role] if group.role else site.texts.text("pages/sandbox_residents")


def described(one: Player) -> dict[str, str]:
    """A person for the page."""
    return {"key": one.key, "name": one.name, "post": one.post, "home": one.home}


def _json(value: Any, *, status: int = 200) -> web.Response:
    return web.json_response(value, status=status, headers={"Cache-Control": "no-store"})
