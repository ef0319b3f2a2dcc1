"""Claiming, delivering and giving up outgoing messages: the statements of the outbox worker.

Every moment here is wall time. The order within a chat is the order of ids, and ids rise with time.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Select, func, or_, select, update
from sqlalchemy.orm import Session

from models.messages import Delivery, Outbox

_ERROR_LENGTH = 300


class Head(NamedTuple):
    """The oldest pending message of one chat: the only one of that chat that may go next."""

    id: int
    channel: str
    address: str
    due_at: datetime
    leased_until: datetime | None

    def ready_at(self) -> datetime:
        """When it may be claimed at the earliest."""
        return self.due_at if self.leased_until is None else max(self.due_at, self.leased_until)


class Claimed(NamedTuple):
    """A leased message; `attempts` counts this attempt and fences off a worker whose lease ran out."""

    id: int
    channel: str
    address: str
    body: dict[str, Any]
    attempts: int
    last_error: str


def heads() -> Select[int, str, str, datetime, datetime | None]:
    """The oldest pending message of each chat, oldest first."""
    oldest = (
        select(func.min(Outbox.id))
        .where(Outbox.delivery == Delivery.PENDING)
        .group_by(Outbox.channel, Outbox.address)
    )
    return (
        select(Outbox.id, Outbox.channel, Outbox.address, Outbox.due_at, Outbox.leased_until)
        .where(Outbox.id.in_(oldest))
        .order_by(Outbox.id)
    )


def read_heads(session: Session) -> list[Head]:
    """`heads`, read."""
    return [Head(r.id, r.channel, r.address, r.due_at, r.leased_until) for r in session.execute(heads())]


def claim(session: Session, ids: Sequence[int], now: datetime, lease: timedelta) -> list[Claimed]:
    """Lease those of `ids` that nobody else holds: a conditional UPDATE each, its row count says who won."""
    won = []
    for row_id in ids:
        result = session.connection().execute(
            update(Outbox)
            .where(
                Outbox.id == row_id,
                Outbox.delivery == Delivery.PENDING,
                Outbox.due_at <= now,
                or_(Outbox.leased_until.is_(None), Outbox.leased_until < now),
            )
            .values(leased_until=now + lease, attempts=Outbox.attempts + 1)
        )
        if result.rowcount == 1:
            won.append(row_id)
    columns = select(
        Outbox.id, Outbox.channel, Outbox.address, Outbox.body, Outbox.attempts, Outbox.last_error
    )
    return (
        [Claimed(*row) for row in session.execute(columns.where(Outbox.id.in_(won)).order_by(Outbox.id))]
        if won
        else []
    )


def delivered(session: Session, row: Claimed, receipt: str | None, now: datetime) -> None:
    """It is with the platform, whoever holds the lease by now."""
    session.connection().execute(
        update(Outbox)
        .where(Outbox.id == row.id, Outbox.delivery.in_((Delivery.PENDING, Delivery.GIVEN_UP)))
        .values(delivery=Delivery.SENT, receipt=receipt, sent_at=now, leased_until=None, last_error="")
    )


def postpone(session: Session, row: Claimed, due_at: datetime, error: str) -> None:
    """Try again at `due_at`, unless another worker took it over."""
    session.connection().execute(_mine(row).values(due_at=due_at, leased_until=None, last_error=error))


def give_up(session: Session, row: Claimed, error: str) -> bool:
    """Stop trying, unless another worker took it over; whether this call did it."""
    return (
        session.connection()
        .execute(_mine(row).values(delivery=Delivery.GIVEN_UP, leased_until=None, last_error=error))
        .rowcount
        == 1
    )


def _mine(row: Claimed) -> Any:
    return update(Outbox).where(
        Outbox.id == row.id, Outbox.delivery == Delivery.PENDING, Outbox.attempts == row.attempts
    )


def failing_since(last_error: str, now: datetime) -> datetime:
    """When the first attempt failed, as `failure` wrote it; `now` for a message that had not failed yet."""
    try:
        return datetime.fromisoformat(last_error.split(" ", 1)[0])
    except ValueError:
        return now


def failure(since: datetime, why: str) -> str:
    """The words for `last_error`: the first failure's moment, at a fixed width so that text order is time
    order, and the latest reason."""
    return f"{since.astimezone(UTC).isoformat(timespec='microseconds')} {why[:_ERROR_LENGTH]}"


def waiting_since(session: Session) -> datetime | None:
    """Since when the longest-waiting pending message should have been delivered; None when nothing waits."""
    pending = Outbox.delivery == Delivery.PENDING
    untried = session.scalar(select(func.min(Outbox.due_at)).where(pending, Outbox.last_error == ""))
    failed = session.scalar(select(func.min(Outbox.last_error)).where(pending, Outbox.last_error != ""))
    found = [
        moment
        for moment in (untried, failing_since(failed, datetime.max.replace(tzinfo=UTC)) if failed else None)
        if moment is not None
    ]
    return min(found, default=None)
