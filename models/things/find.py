"""Things by number or id, and the clocks that run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session

from models.things.tables import Deadline, Numbered, Thing

_NUMBERED = select(Thing).where(
    Thing.community_id == bindparam("community"), Thing.number == bindparam("number")
)


def numbered(session: Session, community_id: int, number: int) -> Any:
    """The row of whatever has this number in this community, None when nothing has."""
    thing = session.scalars(_NUMBERED, {"community": community_id, "number": number}).first()
    return thing and row_of(session, thing)


def with_id(session: Session, thing_id: int | None) -> Any:
    """The row of a thing by id, None when there is none."""
    thing = session.get(Thing, thing_id) if thing_id is not None else None
    return thing and row_of(session, thing)


def row_of(session: Session, thing: Thing) -> Any:
    """The subject's own row of a thing."""
    return session.get(Numbered.classes[thing.kind], thing.id)


def due_next(limit: int = 1) -> Select[Deadline]:
    """The deadlines still running, earliest first; the clock takes one at a time and asks again."""
    return (
        select(Deadline)
        .where(Deadline.settled_at.is_(None), Deadline.missed_at.is_(None))
        .order_by(Deadline.due_at, Deadline.id)
        .limit(limit)
    )


def running(session: Session, thing_id: int, *whats: str) -> Sequence[Deadline]:
    """The clocks that still run for a thing, all or of some kinds."""
    query = select(Deadline).where(Deadline.thing_id == thing_id, Deadline.settled_at.is_(None))
    return session.scalars(query.where(Deadline.what.in_(whats)) if whats else query).all()
