"""The two verbs by which everything reaches the database, the same over every backend."""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import URL, delete, insert
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlalchemy.orm import Session

from models.base import Fact, new_id

T = TypeVar("T")

#: How often `writable` writes at most, and how long it waits for that, in seconds.
LOOK_EVERY, LOOK_PATIENCE = 5.0, 3.0
#: About what one report writes: a small change in place would find room where no report does.
LOOK_SIZE = 128 * 1024


class Database(ABC):
    """Transactions for turns (`turn`) and snapshots for pages (`read`)."""

    def __init__(self, url: URL, engine: AsyncEngine) -> None:
        self.url, self._engine = url, engine
        self.look_every = LOOK_EVERY
        self._writable, self._look_at = True, 0.0

    async def start(self) -> None:
        """Open what is needed; raises when that cannot be done."""
        await self.read(lambda session: session.connection())

    async def stop(self) -> None:
        """Close everything. Turns still queued fail: their senders were not answered."""
        await self._engine.dispose()

    async def read(self, work: Callable[[Session], T]) -> T:
        """Run `work` on a snapshot; what it changes is never written."""
        async with AsyncSession(self._engine, expire_on_commit=False) as session:
            return await session.run_sync(work)

    async def turn(self, work: Callable[[Session], T]) -> T:
        """Run `work` in one transaction and return its value once that is durable.

        `work` may run more than once (after a lost race or a failed shared commit), so it must act on the
        session only. An exception of `work` rolls its turn back, and only its turn.
        """
        try:
            try:
                value = await self._once(work)
            except IntegrityError:
                # Two turns raced for the same row: the second attempt sees what the first one wrote.
                value = await self._once(work)
        except SQLAlchemyError:
            # Perhaps nothing can be written any more: the next look finds out.
            self._look_at = 0.0
            raise
        self._note(writable=True)
        return value

    async def writable(self) -> bool:
        """Whether turns can be written: as the last one showed, or tried now if that was a while ago."""
        if time.monotonic() >= self._look_at:
            try:
                async with asyncio.timeout(LOOK_PATIENCE):
                    await self.turn(_look)
            except Exception:  # noqa: BLE001 - whatever keeps a small turn from being written keeps others, too
                self._note(writable=False)
        return self._writable

    @abstractmethod
    async def tidy(self) -> None:
        """Move what was erased out of the files where the backend keeps old versions of it, if it does."""

    def _note(self, *, writable: bool) -> None:
        self._writable, self._look_at = writable, time.monotonic() + self.look_every

    @abstractmethod
    async def _once(self, work: Callable[[Session], T]) -> T:
        """One attempt at a turn."""


def _look(session: Session) -> None:
    key = f"look-{new_id()}"
    connection = session.connection()
    connection.execute(insert(Fact), {"key": key, "value": "0" * LOOK_SIZE})
    connection.execute(delete(Fact).where(Fact.key == key))
