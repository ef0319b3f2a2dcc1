"""What waits to be sent."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from models.messages.rules import Delivery, Head, failing_since
from models.messages.tables import Outbox


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
