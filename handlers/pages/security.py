"""Who may ask for what: headers on every answer, the sandbox for this machine only, no posts from foreign
pages, kind pages for refusals."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

import structlog
from aiohttp import hdrs, web

from config.settings import Settings
from handlers.pages.render import data, page
from handlers.pages.site import SITE

log = structlog.get_logger("pages")

#: WeUI draws its icons from data: addresses in its style sheet; the sandbox shows a photo before it is sent
#: from one too.
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
#: Kind words for what can go wrong, by status; anything else gets those of 500.
WORDS = {
    403: ("pages/refused_title", "pages/refused_text"),
    404: ("pages/missing_title", "pages/missing_text"),
    413: ("pages/too_large_title", "pages/too_large_text"),
    429: ("pages/busy_title", "pages/busy_text"),
    500: ("pages/sorry_title", "pages/sorry_text"),
}
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def set_headers(request: web.Request, response: web.StreamResponse) -> None:
    """A signal for every response, whoever made it."""
    headers = response.headers
    if response.content_type == "application/json" and request.path.startswith("/sandbox/"):
        # No page: nothing in it can run, be framed or lead anywhere, and it is asked for at every line of
        # talk.
        headers["X-Content-Type-Options"] = "nosniff"
        headers.popall("Server", None)
        return
    for name, value in HEADERS.items():
        if name not in headers:
            headers[name] = value
    if request.path.startswith("/static/") and "v" in request.query and response.status == 200:
        # The address names the content.
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    headers.popall("Server", None)


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse what must not be served, and put kind pages in the place of bare errors."""
    try:
        if is_sandbox(request) and not sandbox_allowed(request, request.app[SITE].settings):
            return _refuse(request, 403, "pages/sandbox_closed_title", "pages/sandbox_closed_text")
        if request.method not in {hdrs.METH_GET, hdrs.METH_HEAD, hdrs.METH_OPTIONS} and foreign(
            request, request.app[SITE].settings
        ):
            return _refuse(request, 403, *WORDS[403])
        return await handler(request)
    except web.HTTPException as answer:
        if answer.status < 400 or answer.content_type != "text/plain":
            raise
        return _refuse(
            request,
            answer.status,
            *WORDS.get(answer.status, WORDS[500]),
            allow=answer.headers.get(hdrs.ALLOW),
        )
    except ConnectionError:
        # The visitor left.
        raise
    except Exception:
        # The path may hold a secret address, so the log names the route only.
        resource = request.match_info.route.resource
        log.exception("page failed", route=resource.canonical if resource else "", method=request.method)
        return _refuse(request, 500, *WORDS[500])


def _refuse(
    request: web.Request, status: int, title: str, text: str, *, allow: str | None = None
) -> web.Response:
    site = request.app[SITE]
    headers = {hdrs.ALLOW: allow} if allow else {}
    if request.path.endswith(".json") or (is_sandbox(request) and request.path != "/sandbox"):
        response = data({"error": site.texts.text(title)}, status=status)
        response.headers.update(headers)
        return response
    response = page(
        request, "told.html", status=status, title=site.texts.text(title), text=site.texts.text(text)
    )
    response.headers.update(headers)
    return response


def is_sandbox(request: web.Request) -> bool:
    """The sandbox's page and its API."""
    return request.path == "/sandbox" or request.path.startswith("/sandbox/")


def sandbox_allowed(request: web.Request, settings: Settings) -> bool:
    """Whoever reaches the sandbox can speak as anybody: this machine only, unless the operator opened it."""
    if settings.sandbox_open:
        return True
    client = client_address(request, settings)
    # A name other than this machine's own in Host means DNS rebinding or a proxy nobody told us of.
    return (
        client is not None
        and client.is_loopback
        and _is_own_name(request.host)
        and (
            bool(settings.trusted_proxy)
            or not ("X-Forwarded-For" in request.headers or "Forwarded" in request.headers)
        )
    )


@lru_cache(maxsize=256)
def _is_own_name(netloc: str) -> bool:
    """Asked at every message of the sandbox, hence remembered."""
    host = urlsplit(f"//{netloc}").hostname
    if host in {"localhost", None}:
        return host is not None
    address = _address(host or "")
    return address is not None and address.is_loopback


def client_address(request: web.Request, settings: Settings) -> IPv4Address | IPv6Address | None:
    """The visitor's address. X-Forwarded-For is believed only from the trusted proxy, and of it only what
    that proxy added."""
    address = _address(request.remote or "")
    if address is None or not _trusted(address, settings):
        return address
    hops = [
        hop.strip() for header in request.headers.getall("X-Forwarded-For", ()) for hop in header.split(",")
    ]
    for hop in reversed(hops):
        forwarded = _address(hop)
        if forwarded is None:
            return address
        address = forwarded
        if not _trusted(forwarded, settings):
            break
    return address


def client_key(request: web.Request, settings: Settings) -> str:
    """What the rate limit goes by: the address, of IPv6 the network a household gets."""
    address = client_address(request, settings)
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ip_network((address, 64), strict=False))
    return str(address or "")


def _trusted(address: IPv4Address | IPv6Address, settings: Settings) -> bool:
    if not settings.trusted_proxy:
        return False
    for name in settings.trusted_proxy.split(","):
        try:
            if name.strip() and address in ip_network(name.strip(), strict=False):
                return True
        except ValueError:
            continue
    return False


@lru_cache(maxsize=4096)
def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text.removeprefix("[").removesuffix("]"))
    except ValueError:
        return None


def foreign(request: web.Request, settings: Settings) -> bool:
    """Sent by a page of another site. Programs send neither header and pass: they carry no visitor's
    cookies."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site not in {"same-origin", "none"}
    origin = request.headers.get(hdrs.ORIGIN)
    if origin is None:
        return False
    if origin == "null" and request.path.startswith("/t/"):
        # Older browsers say so for a page that sends no referrer; the secret in the path stands for the
        # origin.
        return False
    return urlsplit(origin).netloc not in {request.host, urlsplit(settings.url).netloc}
