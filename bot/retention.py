"""The daily round of promise 13: what is too old goes, in small turns, and then the files that no row
names."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from sqlalchemy.orm import Session

from bot.storage import Database, photos
from models import retention

if TYPE_CHECKING:
    from bot.app import Yishiting

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


async def sweep(bot: Yishiting) -> Swept:
    """One round. Safe at any time and any number of times."""
    settings, now, done = bot.settings, bot.clock.now(), Swept()
    replies, links = now - timedelta(days=settings.reply_days), now - timedelta(days=settings.reporter_days)
    done.messages = await _until_none(
        bot.database, lambda session: retention.purge_messages(session, replies)
    )
    before = now - timedelta(days=settings.photo_days)
    while digests := await bot.database.turn(lambda session: retention.purge_photos(session, before)):
        done.photos += len(digests)
        for digest in digests:
            await asyncio.to_thread(photos.remove, settings.home, digest)
    done.issues = await _until_none(bot.database, lambda session: retention.unlink_reporters(session, links))
    await bot.database.turn(lambda session: retention.purge_claims(session, links))
    done.accounts = await _until_none(bot.database, lambda session: retention.forget_accounts(session, links))
    for conversation in await bot.database.turn(
        lambda session: retention.purge_waits(session, now - WAIT_LEFT_OVER)
    ):
        bot.hub.memory.waits.pop(conversation, None)
    done.files = await remove_orphans(bot.database, settings.home)
    await bot.database.tidy()
    if done != Swept():
        log.info(
            "swept",
            messages=done.messages,
            photos=done.photos,
            files=done.files,
            issues=done.issues,
            accounts=done.accounts,
        )
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
    needed = await database.read(retention.digests_in_use)
    orphans = [file for file in old if file.stem not in needed]
    return await asyncio.to_thread(lambda: sum(_remove(file) for file in orphans))


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


def next_round(wall: datetime) -> datetime:
    """When the first round after a start is."""
    return wall + FIRST_AFTER
