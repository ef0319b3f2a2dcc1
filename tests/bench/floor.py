"""What the bot is measured against, each a process of its own: `python -m tests.bench.floor
json|bytes|commits …`.

`json`: a bare aiohttp handler that parses the same JSON and answers {"replies": []}. `bytes`: a socket that
answers fixed bytes, to show how fast the load generator is. `commits URL`: single-row commits to the same
SQLite through ORM sessions.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
from datetime import UTC, datetime

from aiohttp import web
from sqlalchemy.orm import Session

from bot.storage import parse_url, sync_engine
from models.base import new_id
from models.messages.tables import Inbox

_BODY = b'{"replies": []}'
_FIXED = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n" + _BODY


async def _answer(request: web.Request) -> web.Response:
    json.loads(await request.read())
    return web.Response(body=_BODY, content_type="application/json")


class _Fixed(asyncio.Protocol):
    """Any bytes are one request (the generator never pipelines, and its requests fit one packet)."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.transport.write(_FIXED)


async def serve(kind: str) -> None:
    """Print the port, answer until told to stop."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    if kind == "bytes":
        server = await loop.create_server(_Fixed, "127.0.0.1", 0)
        print(server.sockets[0].getsockname()[1], flush=True)
        await stop.wait()
        server.close()
        return
    app = web.Application()
    app.router.add_post("/sandbox/messages", _answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    await stop.wait()
    await runner.cleanup()


def commits(address: str) -> None:
    """For each number of seconds on standard input: one ORM session, one row, one commit, over and over; the
    rate on standard output."""
    engine = sync_engine(parse_url(address))
    now = datetime.now(UTC)
    for line in sys.stdin:
        began, count = time.perf_counter(), 0
        until = began + float(line)
        while time.perf_counter() < until:
            with Session(engine) as session:
                session.add(Inbox(id=new_id(), channel="bench", message_id=f"{began}-{count}", at=now))
                session.commit()
            count += 1
        print(count / (time.perf_counter() - began), flush=True)
    engine.dispose()


if __name__ == "__main__":
    if sys.argv[1] == "commits":
        commits(sys.argv[2])
    else:
        asyncio.run(serve(sys.argv[1]))
