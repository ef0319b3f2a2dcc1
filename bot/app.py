"""Wires everything; the only importer of handlers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

import structlog
from aiohttp import web
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.channels import CHANNELS
from bot.channels.protocols import Channel, Fetches, Instant, Parts, Sends
from bot.channels.sending import Worker
from bot.language import Reader, load_lexicon
from bot.operations import retention
from bot.storage import Database, open_database
from bot.storage.keys import Tokens, secret_of
from bot.turns.clock import Clock
from bot.turns.duties import Duties
from bot.turns.hearing import Hearing
from bot.turns.hub import Hub
from bot.turns.memory import Memory
from bot.turns.pictures import Pictures
from bot.turns.texts import Texts
from bot.turns.world import World
from bot.turns.writing import Writing
from config.rules import load_issue_rules, load_talk_rules
from config.settings import Settings
from handlers import chat, pages
from handlers.pages import health
from models.base import keep_offset, stored_offset

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

    async def sweep(self) -> retention.Swept:
        """Take away what is too old."""
        return await retention.sweep(self.database, self.settings, self.clock.now(), self.hub.memory.settled)

    async def _set_clock(self) -> None:
        """The sandbox's clock goes on where it stood, or starts where the settings say."""
        if not self.settings.sandbox_on:
            return
        stored = await self.database.read(stored_offset)
        if stored is not None:
            self.clock.offset = stored
        elif self.settings.sandbox_now is not None:
            self.clock.offset = self.settings.sandbox_now - self.clock.wall()
            await self.database.turn(lambda session: keep_offset(session, self.clock.offset))


def build(settings: Settings, *, clock: Clock | None = None) -> Yishiting:
    """Everything wired, nothing opened. Tests call the same with a clock of their own."""
    database, clock = open_database(settings.database_url), clock or Clock()
    texts, tokens = Texts(), Tokens(secret_of(settings.home))
    kinds = [kind for kind in CHANNELS if kind.on(settings)]
    router = chat.router()
    router.check([verb for verb, rule in load_lexicon().commands.items() if not rule.later])
    world = World(
        texts,
        load_issue_rules(),
        load_talk_rules(),
        Reader(),
        tokens,
        settings.url,
        channels=frozenset(kind.name for kind in kinds),
        roster=next((kind.name for kind in kinds if kind.by_key), None),
        silent=frozenset(kind.name for kind in kinds if not kind.tells),
        kinds=router.kinds,
        happened=router.happened,
    )
    memory = Memory(world.talk.context_seconds)
    hearing = Hearing(database, world, clock, memory)
    pictures, writing = Pictures(database, settings.home), Writing(clock)
    hub = Hub(database, router, world, clock, memory, hearing, pictures, writing)
    duties = Duties(hub)
    parts = Parts(settings, database, clock, texts, hub, duties.advance)
    channels = {kind.name: kind.opened(parts) for kind in kinds}
    senders = {name: one for name, one in channels.items() if isinstance(one, Sends)}
    writing.senders = senders
    writing.instant = {name: one for name, one in channels.items() if isinstance(one, Instant)}
    pictures.fetching = {name: one for name, one in channels.items() if isinstance(one, Fetches)}
    worker = Worker(database, senders, timedelta(hours=settings.give_up_hours), duties.given_up)
    hub.wake = worker.wake
    scheduler = AsyncIOScheduler(timezone="Asia/Shanghai")
    scheduler.add_job(
        duties.tick, "interval", seconds=WAKE_SECONDS, max_instances=1, coalesce=True, misfire_grace_time=None
    )
    bot = Yishiting(settings, database, clock, hub, duties, worker, channels, texts, tokens, scheduler)
    scheduler.add_job(
        bot.sweep,
        "interval",
        seconds=retention.EVERY.total_seconds(),
        next_run_time=clock.wall() + retention.FIRST_AFTER,
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
    parts = (bot.database, bot.settings, bot.texts, bot.clock, bot.hub, bot.tokens, bot.hub.world.kinds)
    pages.mount(app, pages.Site(*parts, pages.environment(bot.texts)))
    health.mount(app, health.Watch(bot.database, bot.clock, bot.hub.tally))
    for channel in bot.channels.values():
        channel.mount(app)
    return app
