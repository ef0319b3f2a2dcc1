"""How the installation keeps up: what waits to be sent, and how late its clocks are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from models.issues.tables import Issue
from models.messages.find import waiting_since
from models.messages.tables import Outbox, Wait
from models.things.tables import Deadline


@dataclass(frozen=True, slots=True)
class Health:
    """One look at the rows."""

    #: Messages due and not delivered, and how long the one that waits longest should have been with the
    #: platform.
    outbox_pending: int
    outbox_age: timedelta
    #: How long the earliest thing that should have happened by itself is overdue.
    clock_lag: timedelta
    #: Live issues by status.
    live: dict[str, int]


def look(session: Session, now: datetime, wall: datetime) -> Health:
    """Read all of it; `now` is business time, `wall` the machine's."""
    # Literal conditions, so that SQLite uses the partial indexes.
    pending = (
        session.scalar(select(func.count()).where(text("outbox.delivery = 'pending'")).select_from(Outbox))
        or 0
    )
    oldest = waiting_since(session) if pending else None
    moments = [
        session.scalar(
            select(func.min(Deadline.due_at)).where(
                text("deadlines.settled_at IS NULL AND deadlines.missed_at IS NULL")
            )
        ),
        session.scalar(select(func.min(Wait.until))),
        session.scalar(select(func.min(Outbox.not_before)).where(text("outbox.delivery = 'quiet'"))),
    ]
    late = [now - moment for moment in moments if moment is not None and moment < now]
    live = (
        select(Issue.status, func.count())
        .where(text("issues.status IN ('open', 'accepted')"))
        .group_by(Issue.status)
    )
    return Health(
        pending,
        max(timedelta(), wall - oldest) if oldest is not None else timedelta(),
        max(late, default=timedelta()),
        {"open": 0, "accepted": 0} | {row[0].value: row[1] for row in session.execute(live)},
    )
