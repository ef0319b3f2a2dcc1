"""Photos: officers' cleared ones for everybody, any other only through a signed link (promise 12)."""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web

from bot.storage import photos
from bot.storage.keys import PHOTO
from handlers.pages.site import SITE
from models.issues.public.issue import photo_is_public

routes = web.RouteTableDef()


@routes.get(r"/photos/{digest:[0-9a-f]{64}}.jpg")
async def photo(request: web.Request) -> web.StreamResponse:
    """The file, if the visitor may see it and it has not been removed meanwhile."""
    site, digest = request.app[SITE], request.match_info["digest"]
    signed = site.tokens.verify(PHOTO, request.query.get("k", "")) == digest

    def public(session: Any) -> bool:
        return photo_is_public(session, digest)

    if not signed and not await site.database.read(public):
        raise web.HTTPNotFound
    file = photos.path(site.settings.home, digest)
    if not await asyncio.to_thread(file.is_file):
        raise web.HTTPNotFound
    headers = {
        "Content-Type": "image/jpeg",
        "Cache-Control": "private, no-store" if signed else "public, max-age=3600",
    }
    return web.FileResponse(file, headers=headers)
