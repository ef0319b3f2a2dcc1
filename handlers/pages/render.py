"""From values to a page: one Jinja environment, every sentence from config/texts, large print by a cookie."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from bot.turns.texts import Texts
from handlers.pages.site import SITE
from models.time import CHINA

HERE = Path(__file__).resolve().parent
STATIC = HERE / "static"
LARGE = "large"
_YEAR = 365 * 24 * 3600


def environment(texts: Texts) -> Environment:
    """Templates that escape everything and know no undefined name."""
    jinja = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    jinja.globals.update(t=texts.text, at=at, query=query, static=static)
    jinja.filters.update(moment=moment, iso=iso, lines=lines)
    return jinja


def at(*parts: str | int) -> str:
    """A path of this site from its parts: at('c', '金康园社区', 'issues', 17)."""
    return "/" + "/".join(quote(str(part), safe="") for part in parts)


def query(path: str, **values: str | int | None) -> str:
    """A path with the values that say something."""
    said = {name: value for name, value in values.items() if value not in {"", None}}
    return f"{path}?{urlencode(said)}" if said else path


@lru_cache(maxsize=64)
def _version(file: Path, _changed: int) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()[:10]


def static(name: str) -> str:
    """A static file's address with its version, so that browsers may keep it; empty where it was not
    fetched."""
    file = STATIC / name
    return f"/static/{name}?v={_version(file, file.stat().st_mtime_ns)}" if file.is_file() else ""


def moment(value: datetime, now: datetime | None = None) -> str:
    """11月23日 09:30 in China; with the year when it is not this one."""
    local = value.astimezone(CHINA)
    year = "" if now is None or local.year == now.astimezone(CHINA).year else f"{local.year}年"
    return f"{year}{local.month}月{local.day}日 {local:%H:%M}"


def iso(value: datetime) -> str:
    """A moment for machines, in China's time."""
    return value.astimezone(CHINA).isoformat(timespec="seconds")


def lines(text: str) -> Markup:
    """Escaped text with its line breaks."""
    return Markup("<br>").join(text.splitlines())


def page(
    request: web.Request, template: str, *, status: int = 200, private: bool = False, **values: Any
) -> web.Response:
    """The page. A private one is not kept by any cache, not indexed, and its address goes nowhere."""
    site = request.app[SITE]
    asked = request.query.get(LARGE)
    large = asked == "1" if asked in {"0", "1"} else request.cookies.get(LARGE) == "1"
    other = (
        request.rel_url.update_query({LARGE: "0" if large else "1"})
        if request.method in {"GET", "HEAD"}
        else None
    )
    everywhere: Mapping[str, Any] = {
        "large": large,
        "other_size": str(other) if other is not None else "",
        "now": site.clock.now(),
        "private": private,
    }
    html = site.jinja.get_template(template).render(**everywhere, **values)
    response = web.Response(text=html, status=status, content_type="text/html", charset="utf-8")
    response.headers["Cache-Control"] = "no-store" if private else "no-cache"
    if private:
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
        response.headers["Referrer-Policy"] = "no-referrer"
    if asked in {"0", "1"}:
        response.set_cookie(LARGE, asked, max_age=_YEAR, samesite="Lax", httponly=True, path="/")
    return response


def data(value: Any, *, status: int = 200) -> web.Response:
    """A JSON twin, readable for people too."""
    response = web.json_response(value, status=status, dumps=_dumps)
    response.headers["Cache-Control"] = "no-cache"
    return response


def _dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1)
