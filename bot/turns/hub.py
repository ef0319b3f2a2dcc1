"""One message in: hear → lock → dedupe → route → record → reply. One transaction a turn, nothing kept of what
was not for the bot."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from sqlalchemy.orm import Session

from bot.language.understanding import Understanding
from bot.storage import Database
from bot.turns import meant
from bot.turns.clock import Clock
from bot.turns.hearing import Hearing
from bot.turns.memory import Memory
from bot.turns.message import Inbound, Outgoing, Overheard, Refused, Reply, Sent
from bot.turns.pictures import Pictures
from bot.turns.router import Router
from bot.turns.tally import Tally
from bot.turns.turn import Turn
from bot.turns.world import Recent, World
from bot.turns.writing import Writing, first_time, stored_answer
from models.messages.find import all_waits
from models.people.find.directory import Directory
from models.people.find.serving import ignored_accounts

log = structlog.get_logger("hub")

NOBODY = Inbound(channel="", chat="", sender="")


class _Nothing(Exception):
    """Rolls back a turn that turned out to concern nobody, so that it leaves no row (promise 1)."""


@dataclass(slots=True)
class Hub:
    """Where every message of every channel arrives."""

    database: Database
    router: Router
    world: World
    clock: Clock
    memory: Memory
    hearing: Hearing
    pictures: Pictures
    writing: Writing
    #: Called after each commit that left something to send.
    wake: Callable[[], None] = lambda: None
    tally: Tally = field(default_factory=Tally)

    @property
    def directory(self) -> Directory:
        """The roster as of now."""
        return self.hearing.directory

    async def load(self) -> None:
        """Read the roster's snapshot and what conversations wait for."""
        await self.hearing.refresh()
        self.memory.load(*await self.database.read(lambda s: (all_waits(s), ignored_accounts(s))))

    async def refresh_if_stale(self) -> bool:
        """Read the roster anew if it changed."""
        return await self.hearing.refresh_if_stale()

    async def receive(self, inbound: Inbound) -> list[Sent]:
        """Everything this message caused, committed; the stored answer when the message came before; nothing
        for chatter.

        A turn that fails leaves nothing, not even its apology: the same message runs it again. Raises `Failed`
        on a channel whose sender waits for the answer; elsewhere the apology goes out at once, if it can.
        """
        self.tally.heard += 1
        reading = self.hearing.hear(inbound)
        if reading is None:
            self.tally.chatter += 1
            return []
        began, me = time.perf_counter(), (inbound.channel, inbound.chat, inbound.sender)
        try:
            async with self.memory.lock(me), self.pictures.of(inbound) as (digests, unreadable):
                # What the conversation waits for and talks of is looked at once the lock is held.
                recent = self.memory.recent(me, self.clock.now())
                sent = await self._answer(inbound, reading, digests, unreadable, recent)
        except Exception:
            self.tally.failures += 1
            log.exception("turn failed", channel=inbound.channel, message_id=inbound.message_id)
            await self.writing.apologise(inbound, self.world.texts.reply("help/sorry"))
            return []
        self.tally.turn(time.perf_counter() - began)
        return sent

    async def _answer(
        self,
        inbound: Inbound,
        reading: Understanding,
        digests: tuple[str, ...],
        unreadable: bool,
        recent: Recent | None,
    ) -> list[Sent]:
        waits = self.memory.waits((inbound.channel, inbound.chat, inbound.sender))

        def handle(turn: Turn) -> Reply | None:
            try:
                reply = self.router.route(turn, waits=waits)
            except Overheard as no:
                if meant.maybe_talk(turn) and not turn.posts():
                    raise _Nothing from no
                raise
            if unreadable and reply is None and not digests:
                raise Refused("photo/unreadable")
            return reply

        try:
            return await self._run(inbound, reading, handle, digests, recent)
        except _Nothing:
            return []
        except Refused as no:
            refusal = no
            self.tally.refusals += 1
            said = lambda turn: turn.whisper(refusal.key, **refusal.values)  # noqa: E731
            return await self._run(inbound, reading, said, (), recent)

    async def _run(
        self,
        inbound: Inbound,
        reading: Understanding,
        handle: Callable[[Turn], Reply | None],
        digests: tuple[str, ...],
        recent: Recent | None,
    ) -> list[Sent]:
        now = self.clock.now()
        latest = self.memory.latest(inbound.channel, inbound.chat, now)

        def work(session: Session) -> tuple[Turn | None, list[Sent]]:
            inbox_id = None
            if inbound.message_id is not None:
                inbox_id = first_time(session, inbound, now)
                if inbox_id is None:
                    return None, stored_answer(session, inbound)
            turn = self._turn(session, now, inbound, reading)
            turn.latest, turn.photos, turn.recent = latest, digests, recent
            reply = handle(turn)
            if reply is not None:
                address = f"dm:{inbound.sender}" if reply.private else inbound.chat
                turn.outgoing.insert(0, Outgoing(reply, address=(inbound.channel, address)))
            elif not turn.outgoing and not turn.changed:
                raise _Nothing
            return turn, self.writing.record(turn, inbox_id)

        return await self._committed(work)

    async def quietly(
        self, handle: Callable[[Turn], object], now: datetime, inbound: Inbound = NOBODY
    ) -> list[Sent]:
        """A turn nobody's message caused: a deadline, a digest, a question left unanswered, a message given
        up."""

        def work(session: Session) -> tuple[Turn, list[Sent]]:
            turn = self._turn(session, now, inbound, Understanding())
            handle(turn)
            return turn, self.writing.record(turn, None)

        return await self._committed(work)

    async def _committed(self, work: Callable[[Session], tuple[Turn | None, list[Sent]]]) -> list[Sent]:
        """Run it, mirror in memory what was committed, and wake who sends."""
        turn, sent = await self.database.turn(work)
        if turn is None:
            return sent
        self.memory.after(turn)
        if turn.roster_changed:
            await self.hearing.refresh()
        await self.pictures.forget(turn.dropped)
        if not all(message.delivered for message in sent):
            self.wake()
        return sent

    def _turn(self, session: Session, now: datetime, inbound: Inbound, reading: Understanding) -> Turn:
        reads = self.hearing.reads(inbound)
        return Turn(session, self.world, self.directory, now, inbound, reading, reads)
