"""Wires everything; the only importer of handlers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import structlog
from aiohttp import web
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot import duties as due
from bot import retention
from bot.channels.gate import Gate
from bot.channels.onebot import OneBot
from bot.channels.sandbox import MAX_BODY, Sandbox
from bot.clock import Clock
from bot.duties import Duties
from bot.hub import Hub
from bot.language import Reader
from bot.message import Channel
from bot.outbox import Worker
from bot.storage import Database, open_database
from bot.storage.keys import Tokens, secret_of
from bot.texts import Texts
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
    database, clock = open_database(settings.database_url), clock or Clock()
    texts, tokens = Texts(), Tokens(secret_of(settings.home))
    names = (
        {"gate"}
        | ({"sandbox"} if settings.sandbox_on else set())
        | ({"onebot"} if settings.onebot else set())
    )
    world = World(
        texts, load_issue_rules(), Reader(), tokens, settings.url, settings.sandbox_on, frozenset(names)
    )
    hub = Hub(database, chat.router(), world, clock, settings.home)
    duties = Duties(hub, chat.digest, chat.unanswered)
    channels: dict[str, Channel] = {"gate": Gate()}
    if settings.sandbox_on:
        channels["sandbox"] = Sandbox(database, clock, hub, duties.advance)
    if settings.onebot is not None:
        channels["onebot"] = OneBot(settings.onebot, hub.receive, texts)
    hub.channels = channels
    worker = Worker(database, channels, settings, lambda row_id: duties.given_up(row_id, chat.given_up))
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
    app = web.Application(client_max_size=MAX_BODY)

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
