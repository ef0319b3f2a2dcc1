"""SQLite: one writer connection for turns (`writer.py`), snapshots through aiosqlite beside it, and what can
be done with the file itself."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

from bot.storage.database import Database
from bot.storage.writer import Writer

T = TypeVar("T")

#: How long to wait for another process that holds the write lock (an import of a large roster), in seconds.
BUSY_SECONDS = 30.0


def accepted(url: URL) -> URL:
    """The URL with the async driver; raises `ValueError` for a database that is no file."""
    if (url.database or ":memory:") == ":memory:":
        raise ValueError("SQLite needs a file: an in-memory database would forget what it accepted")
    return url.set(drivername="sqlite+aiosqlite")


def sync_engine(url: URL, *, begin: str, busy_seconds: float = BUSY_SECONDS) -> Engine:
    """A synchronous engine of one connection, for the writer, the command line and migrations."""
    file_of(url).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        url.set(drivername="sqlite+pysqlite"),
        poolclass=StaticPool,
        hide_parameters=True,
        connect_args={"check_same_thread": False, "isolation_level": None, "cached_statements": 512},
    )
    _prepare(engine, begin, busy_seconds, "PRAGMA journal_mode=WAL")
    return engine


def _prepare(engine: Engine, begin: str, busy_seconds: float, last: str) -> None:
    """Every connection of `engine` is set up alike, and begins its transactions with `begin`."""

    @event.listens_for(engine, "connect")
    def connect(raw: Any, _record: Any) -> None:
        raw.isolation_level = None
        cursor = raw.cursor()
        cursor.execute(f"PRAGMA busy_timeout={int(busy_seconds * 1000)}")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute("PRAGMA synchronous=FULL")
        # What was recalled or erased must not lie on in free pages.
        cursor.execute("PRAGMA secure_delete=ON")
        cursor.execute(last)
        cursor.close()

    @event.listens_for(engine, "begin")
    def start(connection: Connection) -> None:
        connection.exec_driver_sql(begin)


class Sqlite(Database):
    """Turns share the writer's commits; readers never wait for them."""

    def __init__(self, url: URL, busy_seconds: float = BUSY_SECONDS) -> None:
        super().__init__(url, create_async_engine(url, hide_parameters=True))
        _prepare(self._engine.sync_engine, "BEGIN", busy_seconds, "PRAGMA query_only=ON")
        self._writer = Writer(
            sync_engine(url, begin="BEGIN IMMEDIATE", busy_seconds=busy_seconds), busy_seconds
        )

    async def stop(self) -> None:
        """The last connection to close empties the write-ahead log."""
        await self._writer.stop()
        await super().stop()

    async def _once(self, work: Callable[[Session], T]) -> T:
        return await self._writer.run(work)

    async def tidy(self) -> None:
        """Empty the write-ahead log, in which old versions of erased pages lie."""
        await asyncio.to_thread(empty_log, file_of(self.url))


# --- the file -------------------------------------------------------------------------------------


def file_of(url: URL) -> Path:
    """Where the database lies."""
    return Path(url.database or "")


def empty_log(file: Path) -> None:
    """Move the write-ahead log into the file. Not now if somebody reads."""
    with (
        contextlib.suppress(sqlite3.OperationalError),
        contextlib.closing(sqlite3.connect(file, timeout=2)) as connection,
    ):
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def snapshot(file: Path, copy: Path) -> None:
    """A copy as of one moment while others write, without what was deleted."""
    address = f"{file.resolve().as_uri()}?mode=rw"
    with contextlib.closing(sqlite3.connect(address, uri=True, timeout=30)) as source:
        source.execute("VACUUM INTO ?", (str(copy),))


def quick_check(file: Path) -> str:
    """「ok」, or what SQLite's own check finds wrong."""
    address = f"{file.resolve().as_uri()}?mode=ro"
    with contextlib.closing(sqlite3.connect(address, uri=True, timeout=30)) as connection:
        return str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])


def stored_revision(file: Path) -> str | None:
    """The revision of the tables in a file that nobody has open, looked up without changing it."""
    with contextlib.closing(sqlite3.connect(file)) as connection:
        known = connection.execute("SELECT name FROM sqlite_master WHERE name = 'alembic_version'").fetchone()
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone() if known else None
        return str(row[0]) if row else None
