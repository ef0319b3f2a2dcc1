"""Pictures of a message: stored before the turn that names them, and gone again when nothing does."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from bot.channels.protocols import Fetches
from bot.storage import Database, photos
from bot.turns.message import Inbound
from models.issues.privacy import unneeded

#: Pictures of one message at most, and how many are decoded at the same time: decoding takes memory.
MOST, DECODING = 9, 2


class Pictures:
    """The files of messages under way."""

    def __init__(self, database: Database, home: Path) -> None:
        self.database, self.home = database, home
        #: The running channels where pictures come as addresses.
        self.fetching: Mapping[str, Fetches] = {}
        self._decoding = asyncio.Semaphore(DECODING)
        self._in_use: Counter[str] = Counter()

    @asynccontextmanager
    async def of(self, inbound: Inbound) -> AsyncIterator[tuple[tuple[str, ...], bool]]:
        """(digests, whether one could not be read) of a message's pictures, while its turn runs."""
        digests, unreadable = [], False
        for image in inbound.images[:MOST]:
            try:
                data = image.data
                if data is None:
                    data = await self.fetching[inbound.channel].fetch(image.url or "")
                async with self._decoding:
                    digests.append(await asyncio.to_thread(photos.keep, self.home, data))
            except photos.NotAPhoto:
                unreadable = True
        self._in_use.update(digests)
        try:
            yield tuple(digests), unreadable
        finally:
            self._in_use.subtract(digests)
            await self.forget(digests)

    async def forget(self, digests: Sequence[str]) -> None:
        """Remove the files of pictures that no row and no message under way names: chatter leaves no file
        (promise 1)."""
        if not digests:
            return
        for digest in await self.database.read(lambda session: unneeded(session, digests)):
            if self._in_use[digest] <= 0:
                del self._in_use[digest]
                await asyncio.to_thread(photos.remove, self.home, digest)
