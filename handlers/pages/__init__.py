"""The pages: the public board, the gate, the follow page, the record, the sandbox. One small module each."""

from __future__ import annotations

from aiohttp import web

from handlers.pages.issues import board, follow, gate, issue, photos
from handlers.pages.people import sandbox
from handlers.pages.record import notices
from handlers.pages.render import STATIC, environment
from handlers.pages.security import guard, set_headers
from handlers.pages.signups import signup
from handlers.pages.site import SITE, Site
from handlers.pages.things import number

__all__ = ["SITE", "Site", "environment", "mount"]


def mount(app: web.Application, site: Site) -> None:
    """Add every page to `app`, the headers to every answer, and the guard before everything else."""
    app[SITE] = site
    app.middlewares.insert(0, guard)
    app.on_response_prepare.append(set_headers)
    for module in (board, issue, signup, number, notices, gate, follow, photos):
        app.add_routes(module.routes)
    if site.settings.sandbox_on:
        app.add_routes(sandbox.routes)
    app.router.add_static("/static/", STATIC, append_version=False)
    app.router.add_get("/favicon.ico", favicon)


async def favicon(_request: web.Request) -> web.StreamResponse:
    """Browsers ask for it by themselves."""
    return web.FileResponse(
        STATIC / "icon.svg",
        headers={"Content-Type": "image/svg+xml", "Cache-Control": "public, max-age=86400"},
    )
