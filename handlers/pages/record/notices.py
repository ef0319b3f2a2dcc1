"""The community's public record: each entry, and the whole chain, as files that anyone can recompute."""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web

from handlers.pages.render import at, data, page
from handlers.pages.site import SITE
from models.places.find import find_community
from models.record.public import ledger, ledger_head, notice
from models.record.rules import GENESIS, exported
from models.record.tables import Notice

routes = web.RouteTableDef()
#: Entries read at a time while the chain is written out.
STRETCH = 500


@routes.get(r"/c/{community}/notices/{number:\d{1,15}}")
async def show(request: web.Request) -> web.Response:
    """One entry, to read."""
    entry = await _find(request)
    if entry is None:
        raise web.HTTPNotFound
    community = request.match_info["community"]
    known = recomputable(community, entry)
    here = at("c", community, "notices", entry.seq)
    issue = (entry.payload or {}).get("number") if entry.thing_id else None
    return page(
        request,
        "record/notice.html",
        community=community,
        board=at("c", community),
        notice=known,
        at_time=entry.at,
        file=f"{here}.json",
        ledger=at("c", community, "ledger.json"),
        issue=at("c", community, "issues", issue) if isinstance(issue, int) else "",
        payload=json.dumps(entry.payload, ensure_ascii=False, indent=1) if entry.payload is not None else "",
        before=at("c", community, "notices", entry.seq - 1) if entry.seq > 1 else "",
    )


@routes.get(r"/c/{community}/notices/{number:\d{1,15}}.json")
async def twin(request: web.Request) -> web.Response:
    """One entry, to recompute."""
    entry = await _find(request)
    if entry is None:
        return data({"error": request.app[SITE].texts.text("pages/missing_title")}, status=404)
    return data(recomputable(request.match_info["community"], entry))


@routes.get("/c/{community}/ledger.json")
async def chain(request: web.Request) -> web.StreamResponse:
    """The chain from its first entry to its head, written out as it is read."""
    site, name = request.app[SITE], request.match_info["community"]

    def head(session: Any) -> tuple[int, int, str] | None:
        community = find_community(session, name)
        if community is None:
            return None
        end = ledger_head(session, community.id)
        return (community.id, end.seq, end.hash) if end else (community.id, 0, GENESIS)

    found = await site.database.read(head)
    if found is None:
        return data({"error": site.texts.text("pages/missing_title")}, status=404)
    community_id, last, end = found
    response = web.StreamResponse(
        headers={"Content-Type": "application/json; charset=utf-8", "Cache-Control": "no-cache"}
    )
    await response.prepare(request)
    opening = json.dumps({"community": name, "head": {"seq": last, "hash": end}}, ensure_ascii=False)
    await response.write((opening[:-1] + ', "entries": [').encode())
    after = 0
    while after < last:
        since = after

        def stretch(session: Any, since: int = since) -> list[Notice]:
            return ledger(session, community_id, after=since, until=last, limit=STRETCH)

        entries = await site.database.read(stretch)
        if not entries:
            break
        text = ",\n".join(json.dumps(recomputable(name, entry), ensure_ascii=False) for entry in entries)
        await response.write((("\n" if after == 0 else ",\n") + text).encode())
        after = entries[-1].seq
    await response.write(b"\n]}\n")
    await response.write_eof()
    return response


def recomputable(community: str, entry: Notice) -> dict[str, Any]:
    """Everything the entry's hash was made from."""
    return {"community": community, **exported(entry)}


async def _find(request: web.Request) -> Notice | None:
    name, number = request.match_info["community"], int(request.match_info["number"])

    def read(session: Any) -> Notice | None:
        community = find_community(session, name)
        return notice(session, community.id, number) if community else None

    return await request.app[SITE].database.read(read)
