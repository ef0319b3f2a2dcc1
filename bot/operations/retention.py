"""The daily round of promise 13: what is too old goes, in small turns, and then the files that no row
names."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

import structlog
from sqlalchemy.orm import Session

from bot.storage import Database, photos
from config.settings import Settings
from models.issues.privacy import STILL_ASKED, purge_photos, unlink_reporters, unneeded
from models.messages.privacy import Conversation, purge_messages, purge_waits
from models.people.privacy import forget_accounts, purge_claims
from models.signups.privacy import forget_names

log = structlog.get_logger("retention")

#: How often the round is made, and how long after the start the first one is.
EVERY, FIRST_AFTER = timedelta(hours=6), timedelta(minutes=5)
#: A photo is stored before the turn that names it commits; a file without a row is left alone for so long.
ORPHAN_AFTER = timedelta(days=1)
#: An answer nobody gave is dealt with at its end; a wait older than this was missed by that.
WAIT_LEFT_OVER = timedelta(days=1)


@dataclass(slots=True)
class Swept:
    """What one round took away."""

    messages: int = 0
    photos: int = 0
    files: int = 0
    issues: int = 0
    accounts: int = 0


async def sweep(
    database: Database, settings: Settings, now: datetime, over: Callable[[Sequence[Conversation]], object]
) -> Swept:
    """One round. Safe at any time and any number of times; `over` hears of conversations that no longer wait."""
    done = Swept()
    replies, links = now - timedelta(days=settings.reply_days), now - timedelta(days=settings.reporter_days)
    done.messages = await _until_none(database, lambda session: purge_messages(session, replies, STILL_ASKED))
    before = now - timedelta(days=settings.photo_days)
    while digests := await database.turn(lambda session: purge_photos(session, before)):
        done.photos += len(digests)
        for digest in digests:
            await asyncio.to_thread(photos.remove, settings.home, digest)
    done.issues = await _until_none(database, lambda session: unlink_reporters(session, links))
    await _until_none(database, lambda session: forget_names(session, links))
    await database.turn(lambda session: purge_claims(session, links))
    done.accounts = await _until_none(database, lambda session: forget_accounts(session, links))
    over(await database.turn(lambda session: purge_waits(session, now - WAIT_LEFT_OVER)))
    done.files = await remove_orphans(database, settings.home)
    await database.tidy()
    if done != Swept():
        log.info("swept", **asdict(done))
    return done


async def _until_none(database: Database, some: Callable[[Session], int]) -> int:
    """Repeat a turn until it finds nothing: many short ones let messages in between."""
    total = 0
    while count := await database.turn(some):
        total += count
    return total


async def remove_orphans(database: Database, home: Path) -> int:
    """Photo files without a row: of reports never finished, recalled, or erased."""
    old = await asyncio.to_thread(
        lambda: list(_files_before(home, time.time() - ORPHAN_AFTER.total_seconds()))
    )
    if not old:
        return 0
    orphans = set(await database.read(lambda session: unneeded(session, {file.stem for file in old})))
    return await asyncio.to_thread(lambda: sum(_remove(file) for file in old if file.stem in orphans))


def _files_before(home: Path, moment: float) -> Iterator[Path]:
    for file in (home / "photos").glob("*/*"):
        with contextlib.suppress(OSError):
            if file.stat().st_mtime < moment:
                yield file


def _remove(file: Path) -> bool:
    # The same photo may have been sent again since: storing it anew touches the file.
    if file.stat().st_mtime >= time.time() - ORPHAN_AFTER.total_seconds():
        return False
    file.unlink(missing_ok=True)
    return True
