"""Wires everything; the only importer of handlers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

import structlog
from aiohttp import web
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot import duties as due
from bot import retention
from bot.channels import CHANNELS
from bot.channels.protocols import Channel, Fetches, Instant, Parts, Sends
from bot.channels.sending import Worker
from bot.clock import Clock
from bot.database import Database
from bot.duties import Duties
from bot.hub import Hub
from bot.language import Reader
from bot.texts import Texts
from bot.tokens import Tokens, secret_of
from bot.turn import World
from config.rules import load_issue_rules
from config.settings import Settings
from handlers import chat, pages
from handlers.pages import health

log = structlog.get_logger("app")

#: How often the clock wakes the query for due rows, in seconds.
WAKE_SECONDS = 1.0


@dataclass(slots=True)
class Yishiting:
    """A wired installation; `start` opens it, `stop` closes it."""

    settings: Settings
    database: Database
    clock: Clock
    hub: Hub
    duties: Duties
    worker: Worker
    channels: dict[str, Channel]
    texts: Texts
    tokens: Tokens
    scheduler: AsyncIOScheduler

    async def start(self) -> None:
        """Open the database, read what must be known, begin to send and to wake."""
        await self.database.start()
        await self._set_clock()
        await self.hub.load()
        await self.duties.start()
        await self.worker.start()
        self.scheduler.start()

    async def stop(self) -> None:
        """Close everything; what was answered is on disk already."""
        self.scheduler.shutdown(wait=False)
        await self.worker.stop()
        await self.database.stop()

    async def _set_clock(self) -> None:
        """The sandbox's clock goes on where it stood, or starts where the settings say."""
        if not self.settings.sandbox_on:
            return
        stored = await self.database.read(due.stored_offset)
        if stored is not None:
            self.clock.offset = stored
        elif self.settings.sandbox_now is not None:
            self.clock.offset = self.settings.sandbox_now - self.clock.wall()
            await self.database.turn(lambda session: due.keep_offset(session, self.clock.offset))


def build(settings: Settings, *, clock: Clock | None = None) -> Yishiting:
    """Everything wired, nothing opened. Tests call the same with a clock of their own."""
    database, clock = Database(settings.database_url), clock or Clock()
    texts, tokens = Texts(), Tokens(secret_of(settings.home))
    kinds = [kind for kind in CHANNELS if kind.on(settings)]
    world = World(
        texts,
        load_issue_rules(),
        Reader(),
        tokens,
        settings.url,
        channels=frozenset(kind.name for kind in kinds),
        roster=next((kind.name for kind in kinds if kind.by_key), None),
        silent=frozenset(kind.name for kind in kinds if not kind.tells),
    )
    hub = Hub(database, chat.router(), world, clock, settings.home)
    duties = Duties(hub, chat.digest, chat.unanswered)
    parts = Parts(settings, database, clock, texts, hub, duties.advance)
    channels = {kind.name: kind.opened(parts) for kind in kinds}
    hub.instant = {name: one for name, one in channels.items() if isinstance(one, Instant)}
    hub.fetching = {name: one for name, one in channels.items() if isinstance(one, Fetches)}
    worker = Worker(
        database,
        {name: one for name, one in channels.items() if isinstance(one, Sends)},
        timedelta(hours=settings.give_up_hours),
        lambda row_id: duties.given_up(row_id, chat.given_up),
    )
    hub.wake = worker.wake
    scheduler = AsyncIOScheduler(timezone="Asia/Shanghai")
    scheduler.add_job(
        duties.tick, "interval", seconds=WAKE_SECONDS, max_instances=1, coalesce=True, misfire_grace_time=None
    )
    bot = Yishiting(settings, database, clock, hub, duties, worker, channels, texts, tokens, scheduler)
    first = retention.next_round(clock.wall())
    scheduler.add_job(
        retention.sweep,
        "interval",
        (bot,),
        seconds=retention.EVERY.total_seconds(),
        next_run_time=first,
        max_instances=1,
        coalesce=True,
    )
    return bot


def application(bot: Yishiting) -> web.Application:
    """The aiohttp application: pages, channels, and the bot opened and closed with it."""
    app = web.Application(client_max_size=max(kind.max_body for kind in CHANNELS))

    async def opened(_app: web.Application) -> AsyncIterator[None]:
        await bot.start()
        yield
        await bot.stop()

    app.cleanup_ctx.append(opened)
    pages.mount(
        app,
        database=bot.database,
        settings=bot.settings,
        texts=bot.texts,
        clock=bot.clock,
        hub=bot.hub,
        tokens=bot.tokens,
    )
    health.mount(app, health.Watch(bot.database, bot.clock, bot.hub.tally))
    for channel in bot.channels.values():
        channel.mount(app)
    return app
