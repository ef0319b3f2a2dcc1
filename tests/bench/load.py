"""The load generator: HTTP/1.1 over kept-alive raw sockets, as little Python a request as can be, so that it
does not hide the server."""

from __future__ import annotations

import asyncio
import gc
import json
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

#: Connections of a closed loop; how many of an open one may be busy at once.
CLOSED, OPEN = 32, 256


@dataclass(slots=True)
class Run:
    """What one stretch of load saw."""

    answered: int = 0
    seconds: float = 0.0
    #: Share of one processor the generator itself used.
    busy: float = 0.0
    #: Seconds from the planned moment to the answer, of an open loop.
    latencies: list[float] = field(default_factory=list)
    #: Answers that are not what was expected, the first few.
    odd: list[bytes] = field(default_factory=list)
    odd_count: int = 0

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.answered / self.seconds

    def percentile(self, share: float) -> float:
        """A latency in milliseconds."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000


def request(path: str, body: dict[str, Any]) -> bytes:
    """One POST, ready for the wire."""
    content = json.dumps(body, ensure_ascii=False).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    return head.encode() + content


class _Connection(asyncio.Protocol):
    """One request at a time; `answered(status_ok, body)` when its answer is complete."""

    def __init__(
        self, answered: Callable[[_Connection, bool, bytes], None], lost: Callable[[], None]
    ) -> None:
        self.answered, self.lost = answered, lost
        self.buffer = b""
        self.planned = 0.0
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost()

    def send(self, data: bytes) -> None:
        self.transport.write(data)

    def data_received(self, data: bytes) -> None:
        if self.buffer:
            data = self.buffer + data
        end = data.find(b"\r\n\r\n")
        if end >= 0:
            at = data.find(b"ontent-Length: ", 0, end) + 15
            length = int(data[at : data.find(b"\r\n", at)])
            if len(data) >= end + 4 + length:
                self.buffer = b""
                self.answered(self, data.startswith(b"HTTP/1.1 200"), data[end + 4 :])
                return
        self.buffer = data


@contextmanager
def _measured(run: Run) -> Iterator[None]:
    gc.collect()
    gc.disable()
    began, cpu = time.perf_counter(), time.process_time()
    try:
        yield
    finally:
        gc.enable()
        run.seconds = time.perf_counter() - began
        run.busy = (time.process_time() - cpu) / run.seconds


def _check(run: Run, expected: Callable[[bytes], bool], fine: bool, body: bytes) -> None:
    if not fine or not expected(body):
        run.odd_count += 1
        if len(run.odd) < 5:
            run.odd.append(body[:300])


async def closed_loop(
    port: int,
    make: Callable[[], bytes],
    seconds: float,
    expected: Callable[[bytes], bool],
    connections: int = CLOSED,
) -> Run:
    """Each connection sends its next request as soon as the last one is answered."""
    loop = asyncio.get_running_loop()
    run, finished = Run(), asyncio.Event()
    until, busy = float("inf"), 0

    def answered(connection: _Connection, fine: bool, body: bytes) -> None:
        nonlocal busy
        run.answered += 1
        _check(run, expected, fine, body)
        if time.perf_counter() < until:
            connection.send(make())
            return
        busy -= 1
        if not busy:
            finished.set()

    opened = [
        (await loop.create_connection(lambda: _Connection(answered, finished.set), "127.0.0.1", port))[1]
        for _ in range(connections)
    ]
    with _measured(run):
        until, busy = time.perf_counter() + seconds, len(opened)
        for connection in opened:
            connection.send(make())
        await asyncio.wait_for(finished.wait(), seconds + 60)
    _shut(opened, run, busy)
    return run


async def open_loop(
    port: int, make: Callable[[], bytes], rate: float, seconds: float, expected: Callable[[bytes], bool]
) -> Run:
    """Requests at their planned moments whatever the answers do; a request that finds no free connection
    waits, and that wait counts."""
    loop = asyncio.get_running_loop()
    run, finished = Run(), asyncio.Event()
    total = int(rate * seconds)
    waiting: deque[float] = deque()

    def answered(connection: _Connection, fine: bool, body: bytes) -> None:
        run.answered += 1
        run.latencies.append(time.perf_counter() - connection.planned)
        _check(run, expected, fine, body)
        if waiting:
            connection.planned = waiting.popleft()
            connection.send(make())
        else:
            free.append(connection)
        if run.answered == total:
            finished.set()

    opened = [
        (await loop.create_connection(lambda: _Connection(answered, finished.set), "127.0.0.1", port))[1]
        for _ in range(OPEN)
    ]
    free = list(opened)
    with _measured(run):
        began = time.perf_counter()
        for place in range(total):
            planned = began + place / rate
            if (ahead := planned - time.perf_counter()) > 0:
                await asyncio.sleep(ahead)
            if free:
                connection = free.pop()
                connection.planned = planned
                connection.send(make())
            else:
                waiting.append(planned)
        await asyncio.wait_for(finished.wait(), 60)
    _shut(opened, run, total - run.answered)
    return run


def _shut(opened: list[_Connection], run: Run, unanswered: int) -> None:
    for connection in opened:
        connection.lost = _nothing
        connection.transport.close()
    if unanswered:
        raise ConnectionError(
            f"the server hung up: {unanswered} requests unanswered, {run.answered} answered"
        )


def _nothing() -> None:
    """A connection that was closed on purpose."""
