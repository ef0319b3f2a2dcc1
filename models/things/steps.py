"""Giving numbers, and starting and stopping clocks."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from models.base import new_id
from models.places.steps import next_number
from models.things.rules import SERIES
from models.things.tables import Deadline, Thing


def number(session: Session, community_id: int, kind: str) -> Thing:
    """A new thing with the next number of its community's one series."""
    running = next_number(session, community_id, SERIES)
    thing = Thing(id=new_id(), community_id=community_id, number=running, kind=kind)
    # Before its row: SQLite would look for whatever refers to a thing that comes later, in every table.
    session.add(thing)
    return thing


def start_clock(
    session: Session, thing: Thing, what: str, due_at: datetime, *, part_id: int | None = None
) -> Deadline:
    """From now on this falls due for the thing (or for one part of it)."""
    deadline = Deadline(
        id=new_id(),
        community_id=thing.community_id,
        thing_id=thing.id,
        what=what,
        part_id=part_id,
        due_at=due_at,
    )
    session.add(deadline)
    return deadline


def stop_clocks(session: Session, thing: Thing, now: datetime, *whats: str, met: bool | None = None) -> None:
    """Stop the clocks of these kinds (all kinds when none is named); `met` None means called off. One missed
    before counts as missed."""
    if thing in session.new and not any(
        isinstance(row, Deadline) and row.thing_id == thing.id for row in session.new
    ):
        return
    query = update(Deadline).where(Deadline.thing_id == thing.id, Deadline.settled_at.is_(None))
    if whats:
        query = query.where(Deadline.what.in_(whats))
    query = query.execution_options(synchronize_session="fetch")
    session.flush()
    session.execute(query.where(Deadline.missed_at.is_not(None)).values(settled_at=now, met=False))
    session.execute(query.values(settled_at=now, met=met))


def miss(session: Session, deadline_id: int, now: datetime) -> bool:
    """Claim a clock that has run out; False when another process did, or when it was stopped meanwhile."""
    claimed = (
        update(Deadline)
        .where(Deadline.id == deadline_id, Deadline.settled_at.is_(None), Deadline.missed_at.is_(None))
        .values(missed_at=now)
    )
    return session.connection().execute(claimed).rowcount == 1


def settle(deadline: Deadline, now: datetime, *, met: bool) -> None:
    """This one clock is over; one missed before counts as missed."""
    deadline.settled_at, deadline.met = now, met and deadline.missed_at is None
