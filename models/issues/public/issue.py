"""Everything a page tells of one issue."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.issues.public.board import _OTHERS, _public
from models.issues.rules import Due
from models.issues.tables import Assignment, Endorsement, Issue, IssueEvent, Photo
from models.people.public import masked
from models.people.tables import Person
from models.places.public import Places, Spot
from models.things.tables import Deadline, Thing

#: The clocks the public may watch; the rest are the bot's own reminders.
PUBLIC_CLOCKS = (Due.ACCEPT, Due.RESOLVE, Due.REPORT_IN, Due.HOLD)


@dataclass(frozen=True, slots=True)
class Holder:
    """Who has it now."""

    role: str
    department: str
    #: Masked.
    name: str


@dataclass(frozen=True, slots=True)
class Happened:
    """One line of the public history; `what` and `values` name a sentence under `history/` in
    config/texts."""

    at: datetime
    what: str
    values: dict[str, Any]
    role: str | None
    #: Masked; empty for residents and for the clock.
    name: str
    #: The officer's own words: for the reporter and officers, never on a public page.
    detail: str


@dataclass(frozen=True, slots=True)
class Clockwork:
    """One deadline; `met` is None while it runs."""

    what: str
    due: datetime
    met: bool | None


@dataclass(frozen=True, slots=True)
class IssueView:
    """Everything a page tells of one issue."""

    issue: Issue
    spot: Spot
    holder: Holder | None
    deadlines: list[Clockwork]
    endorsements: int
    history: list[Happened]
    ratings: int
    #: Exact; None when nobody has rated.
    mean: Fraction | None
    #: Digests of officers' photos that were looked at and cleared.
    photos: list[str]
    #: The number of the issue this one was joined to.
    joined: int | None


def view(session: Session, issue: Issue) -> IssueView:
    """The issue with its people masked. The caller has asked `issue.public`, or shows it to its own reporter."""
    places = Places(session, issue.community_id)
    holding = select(Assignment.role, Assignment.department, Person.name).join(
        Person, Assignment.person_id == Person.id
    )
    held = session.execute(
        holding.where(Assignment.issue_id == issue.id, Assignment.ended_at.is_(None), Assignment.holder)
    ).first()
    clocks = session.scalars(
        select(Deadline)
        .where(Deadline.thing_id == issue.id, Deadline.what.in_(PUBLIC_CLOCKS))
        .order_by(Deadline.due_at, Deadline.id)
    )
    told = select(IssueEvent, Person.name).outerjoin(Person, IssueEvent.person_id == Person.id)
    history = [
        Happened(
            event.at,
            event.what,
            event.public,
            event.role,
            masked(name or "") if event.role else "",
            event.detail,
        )
        for event, name in session.execute(
            told.where(IssueEvent.issue_id == issue.id).order_by(IssueEvent.at, IssueEvent.id)
        )
    ]
    backed = select(_OTHERS, func.count(Endorsement.score), func.sum(Endorsement.score)).where(
        Endorsement.issue_id == issue.id
    )
    endorsements, ratings, total = session.execute(backed).one()
    photos = (
        select(Photo.digest)
        .where(Photo.issue_id == issue.id, Photo.by_officer, Photo.cleared_at.is_not(None))
        .order_by(Photo.at, Photo.id)
    )
    return IssueView(
        issue,
        places.spot(issue.estate_id, issue.building_id, issue.unit, issue.spot),
        Holder(held.role, held.department, masked(held.name)) if held else None,
        list(_watched(clocks)),
        endorsements,
        history,
        ratings,
        Fraction(int(total or 0), ratings) if ratings else None,
        list(session.scalars(photos)),
        session.get_one(Thing, issue.merged_into).number if issue.merged_into else None,
    )


def _watched(clocks: Any) -> Iterator[Clockwork]:
    for clock in clocks:
        if clock.missed_at is not None:
            yield Clockwork(clock.what, clock.due_at, met=False)
        elif clock.settled_at is None:
            yield Clockwork(clock.what, clock.due_at, met=None)
        elif clock.met is not None:
            yield Clockwork(clock.what, clock.due_at, met=clock.met)


def photo_is_public(session: Session, digest: str) -> bool:
    """An officer's photo, looked at and cleared, of an issue the public may read."""
    found = (
        select(Photo.id)
        .join(Issue, Photo.issue_id == Issue.id)
        .where(Photo.digest == digest, Photo.by_officer, Photo.cleared_at.is_not(None), *_public())
        .limit(1)
    )
    return session.scalar(found) is not None
