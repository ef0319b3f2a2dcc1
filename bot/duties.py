"""What happens by itself: deadlines, questions left unanswered, messages held for the morning, digests. The
truth is in rows;
APScheduler only wakes this."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.hub import Hub, as_sent
from bot.message import Inbound, Sent
from bot.turn import Turn
from models.deadlines import CHINA, Deadline, is_working_day, next_due
from models.issues import Issue
from models.messages import Delivery, Outbox, Wait
from models.people import Identity
from models.records import Fact

log = structlog.get_logger("duties")

#: The Fact that holds the last moment for which digests were sent.
DIGESTED = "digested_until"


@dataclass(frozen=True, slots=True)
class Next:
    """The earliest thing to do: what, when, and the row it is about."""

    at: datetime
    kind: str
    row_id: int


class Duties:
    """Does everything that falls due up to a moment, in its order, each in a turn of its own."""

    def __init__(
        self, hub: Hub, digest: Callable[[Turn], None], unanswered: Callable[[Turn, Wait], None]
    ) -> None:
        self.hub, self.digest, self.unanswered = hub, digest, unanswered
        self._busy = asyncio.Lock()

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
        while (
            step := await self.hub.database.read(lambda session: self._next(session, until, failed))
        ) is not None:
            if moving:
                self.hub.clock.stand_at(step.at)
            at = step.at if moving else self.hub.clock.now()
            try:
                sent += await self._do(step, at)
            except Exception:
                log.exception("a due step failed", kind=step.kind, row=step.row_id)
                failed.add((step.kind, step.row_id))
        return sent

    def _next(self, session: Session, until: datetime, failed: set[tuple[str, int]]) -> Next | None:
        enough = 1 + len(failed)
        deadlines = session.scalars(next_due(limit=enough).where(Deadline.due_at <= until))
        waits = session.scalars(select(Wait).where(Wait.until <= until).order_by(Wait.until).limit(enough))
        held = (
            select(Outbox)
            .where(Outbox.delivery == Delivery.QUIET, Outbox.not_before <= until)
            .order_by(Outbox.not_before, Outbox.id)
        )
        found = [Next(deadline.due_at, "deadline", deadline.id) for deadline in deadlines]
        found += [Next(wait.until, "wait", wait.id) for wait in waits]
        found += [
            Next(row.not_before or until, "held", row.id) for row in session.scalars(held.limit(enough))
        ]
        digest_at = self._next_digest(session, until)
        if digest_at is not None:
            found.append(Next(digest_at, "digest", 0))
        return min(
            (n for n in found if (n.kind, n.row_id) not in failed),
            key=lambda n: (n.at, n.kind, n.row_id),
            default=None,
        )

    def _next_digest(self, session: Session, until: datetime) -> datetime | None:
        last = session.scalar(select(Fact.value).where(Fact.key == DIGESTED))
        since = datetime.fromisoformat(last) if last else self._born
        local = since.astimezone(CHINA)
        for day in range((until - since).days + 2):
            date = (local + timedelta(days=day)).date()
            if not is_working_day(date):
                continue
            for hour in self.hub.world.rules.digest_hours:
                at = datetime(date.year, date.month, date.day, hour, tzinfo=CHINA)
                if since < at <= until:
                    return at
        return None

    async def start(self) -> None:
        """Digests begin with the first start, not with the beginning of time."""
        self._born = self.hub.clock.now()

    async def _do(self, step: Next, at: datetime) -> list[Sent]:
        if step.kind == "deadline":
            return await self.hub.quietly(lambda turn: self._deadline(turn, step.row_id), at)
        if step.kind == "wait":
            return await self._wait(step, at)
        if step.kind == "held":
            return await self.hub.database.turn(lambda session: self._release(session, step.row_id, at))
        return await self.hub.quietly(lambda turn: self._digest(turn, step.at), at)

    async def given_up(self, row_id: int, handle: Callable[[Turn, Outbox], None]) -> None:
        """A message will not be delivered: somebody is told."""

        def tell(turn: Turn) -> None:
            row = turn.session.get(Outbox, row_id)
            if row is not None:
                handle(turn, row)

        await self.hub.quietly(tell, self.hub.clock.now())

    def _deadline(self, turn: Turn, row_id: int) -> None:
        deadline = turn.session.get(Deadline, row_id)
        if deadline is None or deadline.settled_at is not None or deadline.missed_at is not None:
            return
        issue = turn.session.get_one(Issue, deadline.issue_id)
        turn.in_community(issue.community_id)
        deadline.missed_at = turn.now
        self.hub.router.dues[deadline.what.value](turn, issue, deadline)

    async def _wait(self, step: Next, at: datetime) -> list[Sent]:
        def whose(session: Session) -> Inbound | None:
            wait = session.get(Wait, step.row_id)
            account = session.get(Identity, wait.identity_id) if wait else None
            return (
                Inbound(channel=account.channel, chat=wait.address, sender=account.external)
                if wait and account
                else None
            )

        inbound = await self.hub.database.read(whose)
        if inbound is None:
            return []

        def handle(turn: Turn) -> None:
            wait = turn.session.get(Wait, step.row_id)
            if wait is not None and wait.until <= at:
                turn.settle(wait)
                self.unanswered(turn, wait)

        return await self.hub.quietly(handle, at, inbound)

    def _release(self, session: Session, row_id: int, at: datetime) -> list[Sent]:
        row = session.get(Outbox, row_id)
        if row is None or row.delivery is not Delivery.QUIET:
            return []
        row.due_at, row.at = self.hub.clock.wall(), at
        if instant := self.hub.instant.get(row.channel):
            row.delivery, row.receipt, row.sent_at = Delivery.SENT, instant.receipt(), row.due_at
        else:
            row.delivery = Delivery.PENDING
        return [as_sent(row)]

    def _digest(self, turn: Turn, at: datetime) -> None:
        turn.session.merge(Fact(key=DIGESTED, value=at.isoformat()))
        for community_id in turn.directory.communities:
            turn.in_community(community_id)
            self.digest(turn)


#: The Fact that holds the sandbox clock's offset, in seconds.
OFFSET = "sandbox_clock_offset"


def stored_offset(session: Session) -> timedelta | None:
    """How far the sandbox's clock was moved, or None for a database that never had one."""
    value = session.scalar(select(Fact.value).where(Fact.key == OFFSET))
    return None if value is None else timedelta(seconds=float(value))


def keep_offset(session: Session, offset: timedelta) -> None:
    """Write down where the sandbox's clock stands."""
    session.merge(Fact(key=OFFSET, value=repr(offset.total_seconds())))
