"""OneBot v11 over reverse WebSocket: the implementation connects to us, events come in and API calls go out
on the same socket.

Nothing a resident wrote reaches a log. Sending is at least once: when a socket breaks between a call and its
answer, the message goes out again, as OneBot has no key by which the implementation could recognise it.
"""

from __future__ import annotations

import asyncio
import hmac
import itertools
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import structlog
from aiohttp import WSCloseCode, WSMsgType, web
from pydantic import Field

from bot.channels.onebot.wire import NAME, Malformed, is_web, parse, segments
from bot.channels.protocols import Channel, Fetches, Parts, Sends, Undeliverable
from bot.operations.finding import Finding, Verdict
from bot.storage.photos import NotAPhoto
from bot.turns.message import Inbound
from bot.turns.texts import Texts
from config.settings import Secret, Section, Settings

log = structlog.get_logger("onebot")

#: The largest frame taken; pictures come as addresses, so that events are small.
MAX_FRAME = 1024 * 1024
MAX_IMAGE = 10 * 1024 * 1024
FETCH_SECONDS, REDIRECTS = 15, 3
CALL_SECONDS = 20.0
#: A silent socket is given up after this many seconds without a pong.
HEARTBEAT_SECONDS = 30.0
#: Events in work at once and events read at most; beyond that the socket is not read, so that the
#: implementation waits.
WORKING, READ_AHEAD = 64, 1000
#: How long events in work may take to finish at shutdown.
DRAIN_SECONDS = 10.0
#: Bad or missing parameters, an unreadable request, an unknown action: the same again cannot work.
FINAL_RETCODES = frozenset({100, 1400, 1404})
#: A token of fewer different characters was typed, not drawn.
TOKEN_LETTERS = 6


class OneBotSettings(Section):
    """OneBot v11 over reverse WebSocket."""

    #: What the implementation sends as `Authorization: Bearer …`.
    access_token: Secret
    path: str = "/onebot/v11/ws"
    #: Messages a minute into one chat, so that the platform does not silence the account.
    per_minute: int = Field(20, ge=1, le=600)


@dataclass(slots=True, eq=False)
class _Link:
    """One accepted socket."""

    socket: web.WebSocketResponse
    self_id: str
    role: str
    #: Calls that wait for their answer on this socket.
    calls: dict[str, asyncio.Future[dict[str, Any]]] = field(default_factory=dict)


class OneBot(Channel, Sends, Fetches):
    """The channel `onebot`: a group's key is its id, a friend is reached as `dm:<user id>`."""

    name, section = NAME, OneBotSettings
    connect = "接入 QQ 群请设 YISHITING_ONEBOT__ACCESS_TOKEN"

    def __init__(
        self, settings: OneBotSettings, receive: Callable[[Inbound], Awaitable[object]], texts: Texts
    ) -> None:
        self._token = settings.access_token.get_secret_value().encode()
        self._path, self._receive, self._texts = settings.path, receive, texts
        self.per_minute = settings.per_minute
        #: The newest socket of each (account, role), the newest last.
        self._links: dict[tuple[str, str], _Link] = {}
        self._echo = itertools.count(1)
        self._tasks: set[asyncio.Task[None]] = set()
        self._working, self._room = asyncio.Semaphore(WORKING), asyncio.Semaphore(READ_AHEAD)
        self._client: aiohttp.ClientSession | None = None

    # --- the channel ------------------------------------------------------------------------------

    @classmethod
    def opened(cls, parts: Parts) -> OneBot:
        """It hands what it hears to the hub."""
        return cls(parts.settings.section(OneBotSettings), parts.hub.receive, parts.texts)

    @classmethod
    def examine(cls, settings: Settings) -> Iterator[Finding]:
        """Where it waits for the implementation, and whether the token can be guessed."""
        own = settings.section(OneBotSettings)
        token = own.access_token.get_secret_value()
        if len(set(token)) < TOKEN_LETTERS:
            yield Finding(
                "渠道", Verdict.MEND, "OneBot 的 access_token 太简单", "换成随机的：openssl rand -hex 24"
            )
        else:
            yield Finding(
                "渠道", Verdict.GOOD, f"OneBot 在 {own.path} 等连接，access_token {len(token)} 个字符"
            )

    def mount(self, app: web.Application) -> None:
        """Add the route; sockets close and events finish before the application's own clean-up."""
        app.router.add_get(self._path, self._accept)
        app.on_shutdown.append(self._close)
        app.cleanup_ctx.append(self._with_client)

    async def send(self, address: str, body: dict[str, Any], key: str) -> str | None:
        """Send to a group or a friend and return the message's id."""
        direct = address.startswith("dm:")
        number = address.removeprefix("dm:")
        if not (number.isascii() and number.isdigit()):
            raise Undeliverable("not a OneBot address", final=True)
        params = {"user_id" if direct else "group_id": int(number), "message": segments(body, self._texts)}
        data = await self.call("send_private_msg" if direct else "send_group_msg", params)
        receipt = data.get("message_id") if isinstance(data, dict) else None
        return None if receipt is None else str(receipt)

    async def fetch(self, address: str) -> bytes:
        """Download a picture the hub wants to keep: http or https, 10 MB, 15 seconds, three redirects.

        Private and loopback addresses are allowed, unlike with addresses that residents could write: this one
        was made by the implementation, which holds our token and often serves pictures from its own machine.
        What comes back is only ever decoded as a picture, never shown or logged as text.
        """
        if not is_web(address):
            raise NotAPhoto("broken")
        if self._client is None:
            self._client = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=FETCH_SECONDS), trust_env=False
            )
        data = bytearray()
        try:
            async with self._client.get(address, max_redirects=REDIRECTS) as response:
                response.raise_for_status()
                async for part in response.content.iter_chunked(65536):
                    data += part
                    if len(data) > MAX_IMAGE:
                        raise NotAPhoto("large")
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            if isinstance(error, NotAPhoto):
                raise
            log.info("picture not fetched", kind=type(error).__name__)
            raise NotAPhoto("broken") from error
        return bytes(data)

    async def call(self, action: str, params: Mapping[str, Any]) -> Any:
        """Call the implementation's API and return `data`; raises `Undeliverable`."""
        link = self._outward()
        if link is None:
            raise Undeliverable("no OneBot implementation is connected")
        echo = f"yishiting-{next(self._echo)}"
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        link.calls[echo] = answer
        try:
            async with asyncio.timeout(CALL_SECONDS):
                await link.socket.send_str(
                    json.dumps({"action": action, "params": params, "echo": echo}, ensure_ascii=False)
                )
                result = await answer
        except TimeoutError as error:
            raise Undeliverable("the implementation did not answer in time") from error
        except (ConnectionError, RuntimeError) as error:
            raise Undeliverable("the socket closed") from error
        finally:
            link.calls.pop(echo, None)
        status, retcode = result.get("status"), result.get("retcode")
        if status in ("ok", "async"):
            return result.get("data")
        retcode = retcode if isinstance(retcode, int) else None
        why = f"{result.get('message') or ''} {result.get('wording') or ''}"
        # go-cqhttp answers 100 also when the platform refused for the moment.
        raise Undeliverable(
            f"retcode {retcode}", final=retcode in FINAL_RETCODES and "SEND_MSG_API_ERROR" not in why
        )

    def _outward(self) -> _Link | None:
        for link in reversed(self._links.values()):
            if link.role != "event" and not link.socket.closed:
                return link
        return None

    # --- sockets ----------------------------------------------------------------------------------

    async def _accept(self, request: web.Request) -> web.StreamResponse:
        given = _token_of(request)
        if given is None:
            return web.Response(status=401, text="access token missing")
        if not hmac.compare_digest(given, self._token):
            log.warning("wrong access token", remote=request.remote)
            return web.Response(status=403, text="access token wrong")
        self_id, role = (
            request.headers.get("X-Self-ID", ""),
            request.headers.get("X-Client-Role", "universal").lower(),
        )
        if not self_id.isdigit() or role not in {"universal", "api", "event"}:
            return web.Response(status=400, text="X-Self-ID or X-Client-Role")
        socket = web.WebSocketResponse(max_msg_size=MAX_FRAME, heartbeat=HEARTBEAT_SECONDS)
        if not socket.can_prepare(request).ok:
            return web.Response(
                status=426, text="a WebSocket is expected here", headers={"Upgrade": "websocket"}
            )
        await socket.prepare(request)
        link = _Link(socket, self_id, role)
        old = self._links.pop((self_id, role), None)
        self._links[self_id, role] = link
        if old is not None:
            # It may look alive for a while after its peer is gone; the newest always wins.
            self._keep(asyncio.create_task(self._replace(old)))
        log.info("connected", self_id=self_id, role=role, replaced=old is not None)
        try:
            await self._read(link)
        finally:
            if self._links.get((self_id, role)) is link:
                del self._links[self_id, role]
            self._abandon(link)
            log.info("disconnected", self_id=self_id, role=role, code=socket.close_code)
        return socket

    async def _replace(self, old: _Link) -> None:
        self._abandon(old)
        await old.socket.close(code=WSCloseCode.GOING_AWAY, message=b"replaced by a newer connection")

    @staticmethod
    def _abandon(link: _Link) -> None:
        for answer in link.calls.values():
            if not answer.done():
                answer.set_exception(ConnectionResetError())

    async def _read(self, link: _Link) -> None:
        async for frame in link.socket:
            if frame.type not in {WSMsgType.TEXT, WSMsgType.BINARY}:
                continue
            try:
                data = json.loads(frame.data)
            except (ValueError, RecursionError):
                log.warning("frame skipped", why="not JSON", size=len(frame.data))
                continue
            if not isinstance(data, dict):
                log.warning("frame skipped", why="not an object")
            elif "post_type" in data:
                await self._room.acquire()
                self._keep(asyncio.create_task(self._handle(data, link.self_id)))
            else:
                _answered(link, data)

    async def _handle(self, event: dict[str, Any], self_id: str) -> None:
        # Tasks start, and take both locks, in the order of arrival: a conversation stays in order.
        try:
            async with self._working:
                inbound = parse(event, self_id)
                if inbound is not None:
                    await self._receive(inbound)
        except Malformed as error:
            log.warning("event skipped", why=str(error))
        except Exception as error:  # noqa: BLE001 - its message may hold what a resident wrote
            log.error("event failed", kind=type(error).__name__)  # noqa: TRY400
        finally:
            self._room.release()

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _close(self, _app: web.Application) -> None:
        links = list(self._links.values())
        await asyncio.gather(
            *(link.socket.close(code=WSCloseCode.GOING_AWAY) for link in links), return_exceptions=True
        )
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=DRAIN_SECONDS)
            for task in late:
                task.cancel()

    async def _with_client(self, _app: web.Application) -> AsyncIterator[None]:
        yield
        if self._client is not None:
            await self._client.close()


# --- reading the wire -----------------------------------------------------------------------------


def _token_of(request: web.Request) -> bytes | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() in {"bearer", "token"} and token:
        return token.strip().encode("utf-8", "surrogateescape")
    query = request.query.get("access_token")
    return query.encode("utf-8", "surrogateescape") if query else None


def _answered(link: _Link, data: dict[str, Any]) -> None:
    """An answer's echo comes back as we sent it, a string; any other JSON belongs to somebody else's call."""
    echo = data.get("echo")
    answer = link.calls.get(echo) if isinstance(echo, str) else None
    if answer is not None and not answer.done():
        answer.set_result(data)
