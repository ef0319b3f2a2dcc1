"""One series of numbers for issues, votes, matters and projects: lead to whatever carries this one."""

from __future__ import annotations

from aiohttp import web
from sqlalchemy.orm import Session

from handlers.pages.render import at
from handlers.pages.site import SITE
from models.places.find import find_community
from models.things.find import numbered

routes = web.RouteTableDef()


@routes.get(r"/c/{community}/n/{number:\d{1,15}}")
async def by_number(request: web.Request) -> web.Response:
    """The page of the thing with this number."""
    site = request.app[SITE]
    community, number = request.match_info["community"], int(request.match_info["number"])

    def kind(session: Session) -> str | None:
        found = find_community(session, community)
        thing = numbered(session, found.id, number) if found is not None else None
        return thing.kind if thing is not None else None

    found = await site.database.read(kind)
    if found is None:
        raise web.HTTPNotFound
    raise web.HTTPFound(at("c", community, site.kinds[found].page, number))
