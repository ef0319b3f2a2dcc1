"""SQLite's one writer: turns run in the event loop on one connection, each in a savepoint, and several share
a commit. Whatever fails, every turn is answered and the next one works.

BEGIN and COMMIT wait for the disk or for another process and therefore run in a thread. A turn that fails by
itself is rolled back by itself. When the transaction fails (BEGIN or COMMIT refused, or SQLite rolled all of
it back on a full disk), its culprit is told, and its neighbours run again, each with a commit of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import structlog
from sqlalchemy import Connection, Engine
from sqlalchemy.orm import Session

from bot.storage.rows import TurnSession

T = TypeVar("T")

log = structlog.get_logger("storage")

#: How long a shared commit may gather turns, in seconds, and how many: both keep the first of them from
#: waiting.
GATHER_SECONDS, GATHER_TURNS = 0.015, 48


@dataclass(slots=True, eq=False)
class _Job(Generic[T]):
    work: Callable[[Session], T]
    asked: float
    done: asyncio.Future[T]
    #: Its shared commit failed: it gets one of its own.
    alone: bool = False
    value: T | None = None
    failure: Exception | None = None

    def answer(self) -> None:
        """Hand over what came of it, unless whoever asked has gone."""
        if self.done.done():
            return
        if self.failure is None:
            self.done.set_result(self.value)  # type: ignore[arg-type]  # None only where T allows it
        else:
            self.done.set_exception(self.failure)

    def fail(self, error: Exception) -> None:
        """It cannot be done."""
        self.failure = error
        self.answer()


class Writer:
    """Runs turns one after the other, on a connection that is opened when it is needed."""

    def __init__(self, engine: Engine, busy_seconds: float) -> None:
        self._engine, self._busy_seconds = engine, busy_seconds
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sqlite-writer")
        self._connection: Connection | None = None
        #: Turns that wait, those in the transaction under way, and the task that takes them.
        self._queue: deque[_Job[Any]] = deque()
        self._taken: list[_Job[Any]] = []
        self._task: asyncio.Task[None] | None = None
        self._arrived, self._stopped = asyncio.Event(), False

    async def stop(self) -> None:
        """Let the commit under way end and be answered; what still waits fails."""
        if self._stopped:
            return
        self._stopped = True
        self._arrived.set()
        if self._task is not None:
            await asyncio.wait({self._task})
        self._fail_waiting(RuntimeError("the database is closed"), asked_before=float("inf"))
        await self._in_thread(self._disconnect)
        self._thread.shutdown()

    async def run(self, work: Callable[[Session], T]) -> T:
        """The value of `work` once its transaction is durable; raises what it raised, or why that failed."""
        if self._stopped:
            raise RuntimeError("the database is closed")
        loop = asyncio.get_running_loop()
        job = _Job(work, loop.time(), loop.create_future())
        self._queue.append(job)
        self._arrived.set()
        self._ensure_running()
        value: T = await job.done
        return value

    def _ensure_running(self) -> None:
        if self._task is None:
            self._task = asyncio.create_task(self._write(), name="sqlite-writer")
            self._task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """The task ends by `stop` only; however else it ended, everybody is answered and another goes on."""
        if self._stopped:
            return
        self._task = None
        error = None if task.cancelled() else task.exception()
        log.error("the writer ended", kind="cancelled" if error is None else type(error).__name__)
        for job in self._taken:
            job.fail(RuntimeError("the writer ended"))
        if self._queue:
            self._ensure_running()

    async def _write(self) -> None:
        while not self._stopped:
            if self._queue:
                await self._together()
            else:
                self._arrived.clear()
                await self._arrived.wait()

    async def _together(self) -> None:
        """Run what waits in one transaction, then answer."""
        taken = self._taken = []
        try:
            connection = await self._in_thread(self._begin)
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not end the writer
            await self._in_thread(self._recover)
            # Whoever waited behind the first as long as one may wait for a lock has waited for the same one.
            self._queue.popleft().fail(error)
            self._fail_waiting(error, asked_before=asyncio.get_running_loop().time() - self._busy_seconds)
            return
        try:
            self._gather(connection, taken)
            await self._in_thread(connection.commit)
        except Exception as error:  # noqa: BLE001 - the same
            await self._in_thread(self._recover)
            self._blame(taken, error)
        for job in taken:
            job.answer()
        self._taken = []

    def _gather(self, connection: Connection, taken: list[_Job[Any]]) -> None:
        """Run what waits and what still comes, for a moment. Raises the failure of a turn that took the whole
        transaction with it."""
        loop = asyncio.get_running_loop()
        until = loop.time() + GATHER_SECONDS
        while self._queue and len(taken) < GATHER_TURNS:
            if taken and (taken[0].alone or self._queue[0].alone or loop.time() >= until):
                break
            job = self._queue.popleft()
            if job.done.done():
                continue  # whoever asked has gone
            taken.append(job)
            if (lost := _attempt(connection, job)) is not None:
                raise lost

    def _blame(self, taken: list[_Job[Any]], error: Exception) -> None:
        """Nothing of this transaction is kept. Who took it along is told, and who was alone in it; all others
        go back to the head of the queue."""
        if len(taken) == 1:
            taken[0].failure = taken[0].failure or error
            return
        for job in reversed(taken):
            if job.failure is not error:
                job.alone, job.value, job.failure = True, None, None
                self._queue.appendleft(job)
        taken[:] = [job for job in taken if job.failure is error]

    def _fail_waiting(self, error: Exception, *, asked_before: float) -> None:
        while self._queue and self._queue[0].asked <= asked_before:
            self._queue.popleft().fail(error)

    # --- in the thread ----------------------------------------------------------------------------

    async def _in_thread(self, step: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, step)

    def _disconnect(self) -> None:
        """Close the connection, in whatever state it is."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(Exception):
                connection.close()
        self._engine.dispose()

    def _begin(self) -> Connection:
        """A transaction, on a new connection where the old one is closed or stands in a transaction."""
        if self._connection is not None and _in_transaction(self._connection) is not False:
            self._disconnect()
        if self._connection is None:
            self._connection = self._engine.connect()
        self._connection.begin()
        return self._connection

    def _recover(self) -> None:
        """Back to no transaction, or to no connection."""
        if self._connection is None:
            return
        try:
            self._connection.rollback()
            # After a refused COMMIT SQLAlchemy thinks the transaction over while SQLite still has it.
            self._connection.connection.rollback()
        except Exception:  # noqa: BLE001 - a connection that cannot be rolled back is in doubt
            self._disconnect()


def _attempt(connection: Connection, job: _Job[Any]) -> Exception | None:
    """Run a turn in a savepoint of its own and keep its value or its failure; that failure, if it took the
    transaction with it."""
    session = TurnSession(bind=connection, join_transaction_mode="create_savepoint", expire_on_commit=False)
    try:
        job.value = job.work(session)
        session.commit()
    except StopIteration as error:
        # A future refuses it, since it would end whatever generator awaits.
        job.failure = RuntimeError("a turn raised StopIteration")
        job.failure.__cause__ = error
    except Exception as error:  # noqa: BLE001 - handed to whoever asked for the turn
        job.failure = error
    try:
        session.close()
    except Exception as error:  # noqa: BLE001 - the savepoint is gone
        job.failure = job.failure or error
        return job.failure
    return None if _in_transaction(connection) else job.failure


def _in_transaction(connection: Connection) -> bool | None:
    """What SQLite itself says, whatever SQLAlchemy believes; None for a closed connection."""
    try:
        return bool(connection.connection.dbapi_connection.in_transaction)  # type: ignore[union-attr]
    except Exception:  # noqa: BLE001 - closed by whichever layer
        return None
