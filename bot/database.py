"""The database: one write transaction a turn, readers beside it, and the only commit of the project.

SQLite has one writer, and a statement through aiosqlite costs two thread hops. Turns therefore run on one
synchronous connection,
several sharing one commit (each in its own savepoint), while everything that only reads goes through
aiosqlite. PostgreSQL has no
such limit: there a turn is an async session of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Generic, TypeVar

from sqlalchemy import URL, Connection, Engine, Insert, create_engine, event, insert, make_url
from sqlalchemy import inspect as sa_inspect
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import Mapper, Session
from sqlalchemy.pool import StaticPool

T = TypeVar("T")

#: How long a shared commit may gather turns, in seconds, and how many: both keep the first of them from
#: waiting.
GATHER_SECONDS, GATHER_TURNS = 0.015, 48
#: How long to wait for another process that holds SQLite's write lock (an import of a large roster), in
#: milliseconds.
BUSY_MS = 30_000


def parse_url(address: str) -> URL:
    """The URL with the async driver this project uses; raises `ValueError` for a database it does not
    know."""
    url = make_url(address)
    drivers = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg"}
    if url.get_backend_name() not in drivers:
        raise ValueError(f"unknown database {url.get_backend_name()!r}: sqlite or postgresql")
    if url.get_backend_name() == "sqlite" and (url.database or ":memory:") == ":memory:":
        raise ValueError("SQLite needs a file: an in-memory database would forget what it accepted")
    return url.set(drivername=drivers[url.get_backend_name()])


def _prepare(raw: Any, *, readonly: bool) -> None:
    cursor = raw.cursor()
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute(f"PRAGMA busy_timeout={BUSY_MS}")
    cursor.execute("PRAGMA synchronous=FULL")
    # What was recalled or erased must not lie on in free pages.
    cursor.execute("PRAGMA secure_delete=ON")
    if readonly:
        cursor.execute("PRAGMA query_only=ON")
    cursor.close()


def sync_engine(url: URL, *, begin: str = "BEGIN IMMEDIATE") -> Engine:
    """A synchronous engine on the same database, for the SQLite writer, the command line and migrations."""
    if url.get_backend_name() != "sqlite":
        return create_engine(url.set(drivername="postgresql+psycopg"), hide_parameters=True)
    Path(url.database or "").parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        url.set(drivername="sqlite+pysqlite"),
        poolclass=StaticPool,
        hide_parameters=True,
        connect_args={
            "check_same_thread": False,
            "isolation_level": None,
            "timeout": BUSY_MS / 1000,
            "cached_statements": 512,
        },
    )

    @event.listens_for(engine, "connect")
    def connect(raw: Any, _record: Any) -> None:
        _prepare(raw, readonly=False)
        raw.execute("PRAGMA journal_mode=WAL")

    @event.listens_for(engine, "begin")
    def start(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


@dataclass(slots=True)
class _Job(Generic[T]):
    work: Callable[[Session], T]
    done: asyncio.Future[T]


class Database:
    """Transactions for turns (`turn`) and snapshots for pages (`read`)."""

    def __init__(self, address: str) -> None:
        self.url = parse_url(address)
        self.sqlite = self.url.get_backend_name() == "sqlite"
        self._reader: AsyncEngine = create_async_engine(
            self.url, hide_parameters=True, **({} if self.sqlite else {"pool_size": 10})
        )
        self._jobs: asyncio.Queue[_Job[Any]] = asyncio.Queue()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sqlite-writer")
        self._writing: asyncio.Task[None] | None = None
        self._writer: Engine | None = None
        if self.sqlite:
            self._watch_readers()

    def _watch_readers(self) -> None:
        @event.listens_for(self._reader.sync_engine, "connect")
        def connect(raw: Any, _record: Any) -> None:
            raw.isolation_level = None
            _prepare(raw, readonly=True)

        @event.listens_for(self._reader.sync_engine, "begin")
        def start(connection: Connection) -> None:
            connection.exec_driver_sql("BEGIN")

    async def start(self) -> None:
        """Open the writer."""
        if self.sqlite:
            self._writer = sync_engine(self.url)
            connection = await asyncio.get_running_loop().run_in_executor(self._thread, self._writer.connect)
            self._writing = asyncio.create_task(self._write(connection), name="sqlite-writer")

    async def stop(self) -> None:
        """Close everything; turns still queued are cancelled (their senders were not answered)."""
        if self._writing:
            self._writing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._writing
        self._thread.shutdown(wait=True)
        await self._reader.dispose()
        if self._writer is not None:
            # The last connection to close empties the write-ahead log.
            self._writer.dispose()

    async def read(self, work: Callable[[Session], T]) -> T:
        """Run `work` on a snapshot; what it changes is never written."""
        async with AsyncSession(self._reader, expire_on_commit=False) as session:
            return await session.run_sync(work)

    async def turn(self, work: Callable[[Session], T]) -> T:
        """Run `work` in one transaction and return its value once that is durable.

        `work` may run more than once (after a lost race or a failed shared commit), so it must act on the
        session only.
        An exception of `work` rolls its turn back, and only its turn.
        """
        try:
            return await self._once(work)
        except IntegrityError:
            # Two turns raced for the same row: the second attempt sees what the first one wrote.
            return await self._once(work)

    async def _once(self, work: Callable[[Session], T]) -> T:
        if not self.sqlite:
            async with AsyncSession(self._reader, expire_on_commit=False) as session:
                value = await session.run_sync(work)
                await session.commit()
                return value
        job: _Job[T] = _Job(work, asyncio.get_running_loop().create_future())
        self._jobs.put_nowait(job)
        return await job.done

    async def _write(self, connection: Connection) -> None:
        """Take what waits, run each in its savepoint, commit once, then answer."""
        try:
            while True:
                await self._together(connection, await self._jobs.get())
        finally:
            connection.close()

    async def _together(self, connection: Connection, first: _Job[Any]) -> None:
        loop = asyncio.get_running_loop()
        try:
            outer = await loop.run_in_executor(self._thread, connection.begin)
        except DBAPIError as error:
            _fail(first, error)
            return
        finished: list[tuple[_Job[Any], Any, BaseException | None]] = []
        until = loop.time() + GATHER_SECONDS
        job = first
        while True:
            finished.append(_attempt(connection, job))
            if self._jobs.empty() or len(finished) >= GATHER_TURNS or loop.time() >= until:
                break
            job = self._jobs.get_nowait()
        try:
            await loop.run_in_executor(self._thread, outer.commit)
        except DBAPIError as error:
            outer.rollback()
            if len(finished) == 1:
                _fail(first, error)
                return
            # One bad turn must not take its neighbours along: each gets a commit of its own.
            for job, _, _ in finished:
                await self._together_alone(connection, job)
            return
        for job, value, failure in finished:
            if job.done.cancelled():
                continue
            if failure is None:
                job.done.set_result(value)
            else:
                job.done.set_exception(failure)

    async def _together_alone(self, connection: Connection, job: _Job[Any]) -> None:
        outer = connection.begin()
        _, value, failure = _attempt(connection, job)
        try:
            outer.commit()
        except DBAPIError as error:
            outer.rollback()
            failure = failure or error
        if failure is None:
            if not job.done.cancelled():
                job.done.set_result(value)
        else:
            _fail(job, failure)


class _TurnSession(Session):
    """An ORM session whose new rows go out table by table in one Core statement each.

    The unit of work would sort and insert them one mapper at a time, which triples the cost of a turn;
    foreign keys are checked at
    commit, so the order does not matter.
    """

    def flush(self, objects: Any = None) -> None:
        new = dict(self._new)
        if new:
            rows: dict[type, list[dict[str, Any]]] = {}
            for thing in new.values():
                rows.setdefault(type(thing), []).append(_row(thing))
            connection = self.connection()
            for kind, values in rows.items():
                connection.execute(_insert(kind), values if len(values) > 1 else values[0])
            # What the unit of work does itself after its own INSERTs: the rows are known and unchanged from
            # here on.
            self._register_persistent(set(new))
        super().flush(objects)


@lru_cache(maxsize=64)
def _insert(kind: type) -> Insert:
    return insert(kind.__table__)  # type: ignore[attr-defined]  # every mapped class has one


_known_columns: dict[Any, tuple[tuple[str, str, Any], ...]] = {}


def _columns(kind: type[Any]) -> tuple[tuple[str, str, Any], ...]:
    """(attribute, column, what makes its default) of a mapped class."""
    found = _known_columns.get(kind)
    if found is None:
        mapper: Mapper[Any] = sa_inspect(kind)
        found = _known_columns[kind] = tuple(
            (a.key, a.columns[0].key, a.columns[0].default) for a in mapper.column_attrs
        )
    return found


def _row(thing: Any) -> dict[str, Any]:
    state = thing.__dict__
    row: dict[str, Any] = {}
    for attribute, column, default in _columns(type(thing)):
        if attribute in state:
            row[column] = state[attribute]
            continue
        row[column] = state[attribute] = (
            None if default is None else default.arg(None) if default.is_callable else default.arg
        )
    return row


def _attempt(connection: Connection, job: _Job[Any]) -> tuple[_Job[Any], Any, BaseException | None]:
    session = _TurnSession(bind=connection, join_transaction_mode="create_savepoint", expire_on_commit=False)
    try:
        value = job.work(session)
        session.commit()
    except Exception as error:  # noqa: BLE001 - handed to whoever asked for the turn
        session.rollback()
        return job, None, error
    finally:
        session.close()
    return job, value, None


def _fail(job: _Job[Any], error: BaseException) -> None:
    if not job.done.cancelled():
        job.done.set_exception(error)
