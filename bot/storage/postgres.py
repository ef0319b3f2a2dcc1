"""PostgreSQL: a turn is an async session of its own. Not yet tested, and `yishiting run` refuses it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import URL, Engine, create_engine
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session

from bot.storage.database import Database

T = TypeVar("T")


def accepted(url: URL) -> URL:
    """The URL with the async driver."""
    return url.set(drivername="postgresql+asyncpg")


def sync_engine(url: URL) -> Engine:
    """A synchronous engine on the same database."""
    return create_engine(url.set(drivername="postgresql+psycopg"), hide_parameters=True)


class Postgres(Database):
    """Each turn on a connection from the pool."""

    def __init__(self, url: URL) -> None:
        super().__init__(url, create_async_engine(url, hide_parameters=True, pool_size=10))

    async def tidy(self) -> None:
        """Old versions of rows are the server's business."""

    async def _once(self, work: Callable[[Session], T]) -> T:
        async with AsyncSession(self._engine, expire_on_commit=False) as session:
            value = await session.run_sync(work)
            await session.commit()
            return value
