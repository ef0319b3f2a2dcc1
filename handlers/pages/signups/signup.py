"""One sign-up: its page and its JSON twin."""

from __future__ import annotations

from aiohttp import web
from sqlalchemy.orm import Session

from handlers.pages.render import at, data, page
from handlers.pages.site import SITE
from models.places.find import find_community
from models.signups.public import SignUpView, view
from models.signups.tables import SignUp
from models.things.find import numbered

routes = web.RouteTableDef()


@routes.get(r"/c/{community}/signups/{number:\d{1,15}}")
async def show(request: web.Request) -> web.Response:
    """The page, made for a phone."""
    found = await _find(request)
    if found is None:
        raise web.HTTPNotFound
    community = request.match_info["community"]
    return page(
        request,
        "signups/signup.html",
        community=community,
        board=at("c", community),
        signup=_facts(request, found),
        status_word=request.app[SITE].texts.text(f"pages/signup_{found.signup.status.value}"),
        opened_at=found.signup.opened_at,
    )


@routes.get(r"/c/{community}/signups/{number:\d{1,15}}.json")
async def twin(request: web.Request) -> web.Response:
    """The same facts for machines."""
    found = await _find(request)
    if found is None:
        return data({"error": request.app[SITE].texts.text("pages/missing_title")}, status=404)
    return data(_facts(request, found))


def _facts(request: web.Request, found: SignUpView) -> dict[str, object]:
    """The JSON twin (contract.md)."""
    return {
        "number": found.signup.number,
        "title": found.title or request.app[SITE].texts.text("signup/untitled"),
        "status": found.signup.status.value,
        "entries": [{"n": line.n, "name": line.name, "note": line.note} for line in found.entries],
    }


async def _find(request: web.Request) -> SignUpView | None:
    """The sign-up as the public may see it; None where there is none, or none to be seen."""
    community, number = request.match_info["community"], int(request.match_info["number"])

    def read(session: Session) -> SignUpView | None:
        place = find_community(session, community)
        signup = numbered(session, place.id, number) if place else None
        return view(session, signup) if isinstance(signup, SignUp) and not signup.hidden else None

    return await request.app[SITE].database.read(read)
