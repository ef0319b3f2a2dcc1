"""Which clocks are due."""

from __future__ import annotations

from sqlalchemy import Select, select

from models.things.tables import Deadline


def next_due(limit: int = 1) -> Select[Deadline]:
    """The deadlines still running, earliest first; the clock takes one at a time and asks again."""
    return (
        select(Deadline)
        .where(Deadline.settled_at.is_(None), Deadline.missed_at.is_(None))
        .order_by(Deadline.due_at, Deadline.id)
        .limit(limit)
    )
