"""The outbox worker: takes committed messages to their channels, at least once, in order within a chat, at a
pace the platform bears.

A row is claimed by a lease, so a killed process costs a minute and not a message. Each delivery passes the
row's id as key; a platform that honours keys shows a repeated delivery once (OneBot has no such thing).
Leases, pacing and backoff run on wall time.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta

import structlog

from bot.channels.protocols import Sends, Undeliverable
from bot.storage import Database
from models.messages.find import read_heads, waiting_since
from models.messages.rules import Claimed, Head, failing_since, failure
from models.messages.steps import claim, delivered, give_up, postpone

log = structlog.get_logger("outbox")

LEASE = timedelta(seconds=60)
#: Shorter than the lease, so that no second worker starts while the first still sends.
SEND_SECONDS = 40.0
#: The first retry comes within this time, each later one within twice the one before, up to the longest.
FIRST_RETRY, LONGEST_RETRY = timedelta(seconds=2), timedelta(minutes=5)
#: Chats served at the same time.
CHATS = 16
#: How long the worker sleeps at most: what another process committed is found by then.
POLL_SECONDS = 2.0
#: How long a delivery may go on when the process is asked to stop.
LAST_SECONDS = 3.0
#: The least pause between two messages into one chat.
GAP_SECONDS = 1.0

Where = tuple[str, str]


class Pace:
    """At most so many messages into one chat in any minute, as its channel says. In memory: a restart begins
    with an empty minute."""

    def __init__(self, channels: Mapping[str, Sends], monotonic: Callable[[], float]) -> None:
        self._channels, self._monotonic = channels, monotonic
        self._sent: dict[Where, deque[float]] = {}

    def delay(self, chat: Where) -> float:
        """Seconds until the chat bears another message; 0 for now."""
        sent = self._sent.get(chat)
        if not sent:
            return 0.0
        now, limit = self._monotonic(), self._limit(chat)
        free = sent[-1] + min(GAP_SECONDS, 60 / limit)
        if len(sent) >= limit:
            free = max(free, sent[-limit] + 60)
        return max(0.0, free - now)

    def note(self, chat: Where) -> None:
        """A message goes into the chat now."""
        now = self._monotonic()
        if len(self._sent) > 10_000:
            self._sent = {c: s for c, s in self._sent.items() if s[-1] > now - 60}
        self._sent.setdefault(chat, deque(maxlen=self._limit(chat))).append(now)

    def _limit(self, chat: Where) -> int:
        return self._channels.get(chat[0], Sends).per_minute


class Worker:
    """One task that sleeps until `wake()` or until something falls due.

    `on_given_up` gets the id of a row that will not be delivered, in order that somebody is told. It is
    called before the row is marked, hence once more if the process dies in between.
    """

    def __init__(
        self,
        database: Database,
        channels: Mapping[str, Sends],
        give_up_after: timedelta,
        on_given_up: Callable[[int], Awaitable[object]],
        *,
        wall: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
        jitter: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self.database, self.channels, self.on_given_up = database, channels, on_given_up
        self.wall, self.jitter, self.give_up_after = wall, jitter, give_up_after
        self.pace = Pace(channels, monotonic)
        self._woken, self._stopping = asyncio.Event(), False
        self._running: asyncio.Task[None] | None = None
        self._sending: dict[asyncio.Task[None], Where] = {}

    async def start(self) -> None:
        """Begin to deliver, first what a former process left."""
        self._stopping = False
        self._running = asyncio.create_task(self._run(), name="outbox")

    async def stop(self) -> None:
        """Stop claiming, let what is being sent finish for a moment, then cut it off; a lease that stays
        behind runs out by itself."""
        self._stopping = True
        self._woken.set()
        if self._running is not None:
            await asyncio.wait({self._running}, timeout=LAST_SECONDS)
        if self._sending:
            await asyncio.wait(set(self._sending), timeout=LAST_SECONDS)
        tasks = [t for t in (self._running, *self._sending) if t is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._running = None

    def wake(self) -> None:
        """Look now: something was committed."""
        self._woken.set()

    async def age(self) -> float:
        """Seconds the longest-waiting message has been due; 0 when nothing waits."""
        since = await self.database.read(waiting_since)
        return 0.0 if since is None else max(0.0, (self.wall() - since).total_seconds())

    async def deliver_due(self) -> int:
        """Send what may go at this moment and wait for it; how many messages were attempted."""
        claimed, _ = await self._claim(CHATS)
        await asyncio.gather(*(self._deliver(row) for row in claimed))
        return len(claimed)

    async def _run(self) -> None:
        while not self._stopping:
            self._woken.clear()
            sleep = POLL_SECONDS
            try:
                claimed, sleep = await self._claim(CHATS - len(self._sending))
                for row in claimed:
                    task = asyncio.create_task(self._deliver(row), name=f"outbox-{row.id}")
                    self._sending[task] = (row.channel, row.address)
                    task.add_done_callback(self._finished)
            except Exception:
                # The database may be locked by an import for long; the worker must outlive that.
                log.exception("outbox pass failed")
            # Not wait_for: in Python 3.11 that loses a cancellation which arrives together with the wake-up.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(sleep):
                    await self._woken.wait()

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._sending.pop(task, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("outbox delivery failed", kind=type(error).__name__)
        self._woken.set()

    async def _claim(self, room: int) -> tuple[list[Claimed], float]:
        """Lease what may go now, and the seconds until something else may."""
        busy = set(self._sending.values())
        waiting = [
            head for head in await self.database.read(read_heads) if (head.channel, head.address) not in busy
        ]
        now = self.wall()
        delays = [(self._delay(head, now), head) for head in waiting]
        ready = [head.id for delay, head in delays if delay <= 0][: max(0, room)]
        sleep = min([delay for delay, _ in delays if delay > 0], default=POLL_SECONDS)
        claimed = await self.database.turn(lambda session: claim(session, ready, now, LEASE)) if ready else []
        for row in claimed:
            self.pace.note((row.channel, row.address))
        return claimed, min(POLL_SECONDS, max(0.01, sleep))

    def _delay(self, head: Head, now: datetime) -> float:
        return max((head.ready_at() - now).total_seconds(), self.pace.delay((head.channel, head.address)))

    async def _deliver(self, row: Claimed) -> None:
        channel = self.channels.get(row.channel)
        if channel is None:
            await self._failed(row, "this channel is not configured", final=False)
            return
        try:
            async with asyncio.timeout(SEND_SECONDS):
                receipt = await channel.send(row.address, row.body, str(row.id))
        except Undeliverable as error:
            await self._failed(row, str(error), final=error.final)
        except TimeoutError:
            await self._failed(row, "no answer in time", final=False)
        except Exception as error:  # noqa: BLE001 - recorded in the row
            # A bug in a channel must not stop the others; its message may carry the text, so only its kind is
            # kept.
            log.warning("channel failed", channel=row.channel, id=row.id, kind=type(error).__name__)
            await self._failed(row, type(error).__name__, final=False)
        else:
            now = self.wall()
            await self.database.turn(lambda session: delivered(session, row, receipt, now))

    async def _failed(self, row: Claimed, why: str, *, final: bool) -> None:
        now = self.wall()
        since = failing_since(row.last_error, now)
        error = failure(since, why)
        if not final and now - since < self.give_up_after:
            longest = min(LONGEST_RETRY, FIRST_RETRY * 2 ** min(row.attempts - 1, 16))
            due = now + timedelta(seconds=self.jitter(0.0, longest.total_seconds()))
            await self.database.turn(lambda session: postpone(session, row, due, error))
            return
        log.warning("message given up", channel=row.channel, id=row.id, attempts=row.attempts, final=final)
        try:
            await self.on_given_up(row.id)
        except Exception:
            # The chat must not stay blocked because nobody could be told.
            log.exception("could not tell that a message was given up", id=row.id)
        await self.database.turn(lambda session: give_up(session, row, error))
