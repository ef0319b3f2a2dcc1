"""Claiming, delivering and giving up outgoing messages: the statements of the outbox worker.

Every moment here is wall time. The order within a chat is the order of ids, and ids rise with time.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from models.messages.rules import Claimed, Delivery
from models.messages.tables import Outbox


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
