"""What happens by itself: deadlines, questions left unanswered, messages held for the morning, digests. The
truth is in rows, and each row is claimed by the turn that does it; APScheduler only wakes this."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from sqlalchemy.orm import Session

from bot.turns.hub import Hub
from bot.turns.message import Inbound, Sent
from bot.turns.turn import Turn
from bot.turns.writing import as_sent
from models.base import fact, keep_fact, keep_offset
from models.messages.find import held_until, waits_until
from models.messages.steps import claim_wait, release
from models.messages.tables import Outbox
from models.people.tables import Identity
from models.things.find import due_next, with_id
from models.things.steps import miss
from models.things.tables import Deadline
from models.time import CHINA, is_working_day

log = structlog.get_logger("duties")

#: The fact that holds the last moment for which digests were sent.
DIGESTED = "digested_until"


@dataclass(frozen=True, slots=True, order=True)
class Next:
    """The earliest thing to do: when, what, the row it is about, and how it is done."""

    at: datetime
    kind: str
    row_id: int
    do: Callable[[datetime], Awaitable[list[Sent]]] = field(compare=False)


class Duties:
    """Does everything that falls due up to a moment, in its order, each in a turn of its own."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self._busy = asyncio.Lock()

    async def start(self) -> None:
        """Digests begin with the first start, not with the beginning of time."""
        self._born = self.hub.clock.now()

    async def tick(self) -> None:
        """Catch up to now. What fails is logged and does not stop the rest."""
        await self.hub.refresh_if_stale()
        await self.catch_up(self.hub.clock.now())

    async def advance(self, delta: timedelta) -> list[Sent]:
        """The sandbox moves its clock: each due thing happens at its own moment on the way."""
        async with self._busy:
            clock = self.hub.clock
            target = clock.now() + delta
            sent = await self._until(target, moving=True)
            clock.stand_at(target)
            await self.hub.database.turn(lambda session: keep_offset(session, clock.offset))
            return sent

    async def catch_up(self, until: datetime) -> list[Sent]:
        """Everything due by now."""
        async with self._busy:
            return await self._until(until, moving=False)

    async def _until(self, until: datetime, *, moving: bool) -> list[Sent]:
        sent: list[Sent] = []
        failed: set[tuple[str, int]] = set()
        while (step := await self.hub.database.read(lambda s: self._next(s, until, failed))) is not None:
            if moving:
                self.hub.clock.stand_at(step.at)
            try:
                sent += await step.do(step.at if moving else self.hub.clock.now())
            except Exception:
                log.exception("a due step failed", kind=step.kind, row=step.row_id)
                failed.add((step.kind, step.row_id))
        return sent

    def _next(self, session: Session, until: datetime, failed: set[tuple[str, int]]) -> Next | None:
        enough = 1 + len(failed)
        found = [
            Next(row.due_at, "deadline", row.id, self._deadline(row.id))
            for row in session.scalars(due_next(enough).where(Deadline.due_at <= until))
        ]
        for wait in waits_until(session, until, enough):
            account = session.get_one(Identity, wait.identity_id)
            inbound = Inbound(channel=account.channel, chat=wait.address, sender=account.external)
            found.append(Next(wait.until, "wait", wait.id, self._wait(wait.id, inbound)))
        found += [
            Next(row.not_before or until, "held", row.id, self._held(row.id, row.channel))
            for row in held_until(session, until, enough)
        ]
        if (at := self._next_digest(session, until)) is not None:
            found.append(Next(at, "digest", 0, self._digest(at)))
        return min((n for n in found if (n.kind, n.row_id) not in failed), default=None)

    def _deadline(self, row_id: int) -> Callable[[datetime], Awaitable[list[Sent]]]:
        def handle(turn: Turn) -> None:
            if not miss(turn.session, row_id, turn.now):
                return
            deadline = turn.session.get_one(Deadline, row_id)
            turn.in_community(deadline.community_id)
            thing = with_id(turn.session, deadline.thing_id)
            due = self.hub.router.dues.get(deadline.what)
            if due is None:
                # A kind that an older version started and nobody knows any more: over, and said once.
                log.error("nobody handles a deadline", what=deadline.what, row=row_id)
            else:
                due(turn, thing, deadline)

        return lambda at: self.hub.quietly(handle, at)

    def _wait(self, row_id: int, inbound: Inbound) -> Callable[[datetime], Awaitable[list[Sent]]]:
        def handle(turn: Turn) -> None:
            wait = claim_wait(turn.session, row_id, turn.now)
            if wait is None:
                return
            turn.mirror.append(((wait.channel, wait.address, wait.sender), None))
            step = self.hub.router.steps.get(wait.step)
            if step is not None and step.unanswered is not None:
                step.unanswered(turn, wait)

        return lambda at: self.hub.quietly(handle, at, inbound)

    def _held(self, row_id: int, channel_name: str) -> Callable[[datetime], Awaitable[list[Sent]]]:
        instant = self.hub.writing.instant.get(channel_name)
        receipt = instant.receipt() if instant is not None else None

        async def let_go(at: datetime) -> list[Sent]:
            wall = self.hub.clock.wall()
            row = await self.hub.database.turn(
                lambda s: release(s, row_id, wall=wall, at=at, receipt=receipt)
            )
            return [] if row is None else [as_sent(row)]

        return let_go

    def _next_digest(self, session: Session, until: datetime) -> datetime | None:
        last = fact(session, DIGESTED)
        since = datetime.fromisoformat(last) if last else self._born
        local = since.astimezone(CHINA)
        for day in range((until - since).days + 2):
            date = (local + timedelta(days=day)).date()
            if not is_working_day(date):
                continue
            for hour in self.hub.world.talk.digest_hours:
                at = datetime(date.year, date.month, date.day, hour, tzinfo=CHINA)
                if since < at <= until:
                    return at
        return None

    def _digest(self, at: datetime) -> Callable[[datetime], Awaitable[list[Sent]]]:
        def handle(turn: Turn) -> None:
            if not keep_fact(turn.session, DIGESTED, at.isoformat()):
                return
            for community_id in turn.directory.communities:
                turn.in_community(community_id)
                for digest in self.hub.router.events.get("digest", ()):
                    digest(turn)

        return lambda now: self.hub.quietly(handle, now)

    async def given_up(self, row_id: int) -> None:
        """A message could not be delivered: whoever listens tells somebody."""

        def handle(turn: Turn) -> None:
            row = turn.session.get(Outbox, row_id)
            for listener in self.hub.router.events.get("given_up", ()) if row is not None else ():
                listener(turn, row)

        await self.hub.quietly(handle, self.hub.clock.now())
