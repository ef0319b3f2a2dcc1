"""In whose hands issues are, and into whose they should go: why this person."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import partial

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from models.issues.rules import LIVE, Status
from models.issues.tables import Assignment, Issue, Whistle
from models.people import rules
from models.people.rules import Area, Choice, Role, Serving, above, candidates

_LOAD = (
    select(Assignment.person_id, func.count(Assignment.id), func.max(Assignment.given_at))
    .where(Assignment.person_id.in_(bindparam("people", expanding=True)), Assignment.ended_at.is_(None))
    .group_by(Assignment.person_id)
)


def least_loaded(session: Session, equals: Sequence[Serving]) -> Serving:
    """Equal captains share the load: fewest tasks in hand, then the longest without a new one, then the
    roster's order."""
    if len(equals) == 1:
        return equals[0]
    loads = {
        r[0]: (r[1], r[2])
        for r in session.connection().execute(_LOAD, {"people": [s.person_id for s in equals]})
    }
    return min(
        equals,
        key=lambda s: (
            (loads[s.person_id][0], str(loads[s.person_id][1])) if s.person_id in loads else (0, "")
        ),
    )


def choose(
    session: Session,
    issue: Issue,
    everybody: Sequence[Serving],
    rungs: Sequence[str],
    where: Area,
    without: Collection[int] = (),
) -> Choice | None:
    """Who of the first rung that has somebody should have this issue; equals share the load."""
    return rules.choose(
        everybody,
        rungs=rungs,
        category=issue.category,
        where=where,
        against=issue.accused,
        without=without,
        pick=partial(least_loaded, session),
    )


def held_by(
    session: Session, person_id: int, community_id: int | None = None, *, statuses: Sequence[Status] = LIVE
) -> list[tuple[Issue, Assignment]]:
    """What is in a person's hands, or offered to them, oldest first; in every community unless one is named."""
    query = select(Issue, Assignment).join(Assignment, Assignment.issue_id == Issue.id)
    query = query.where(
        Assignment.person_id == person_id, Assignment.ended_at.is_(None), Issue.status.in_(statuses)
    )
    if community_id is not None:
        query = query.where(Issue.community_id == community_id)
    return [(row[0], row[1]) for row in session.execute(query.order_by(Issue.id))]


def held_in(session: Session, community_id: int) -> list[tuple[Issue, Assignment]]:
    """Every live issue of a community with whoever holds it, oldest first."""
    query = select(Issue, Assignment).join(Assignment, Assignment.issue_id == Issue.id)
    query = query.where(
        Issue.community_id == community_id,
        Issue.status.in_(LIVE),
        Assignment.ended_at.is_(None),
        Assignment.holder,
    )
    return [(row[0], row[1]) for row in session.execute(query.order_by(Issue.id))]


def active_assignments(session: Session, issue: Issue) -> list[Assignment]:
    """The holder first, then who was told together with them."""
    query = (
        select(Assignment)
        .where(Assignment.issue_id == issue.id, Assignment.ended_at.is_(None))
        .order_by(Assignment.holder.desc(), Assignment.id)
    )
    return list(session.scalars(query))


def last_holder(session: Session, issue: Issue) -> Assignment | None:
    """Who had it last, whether or not they still do."""
    query = (
        select(Assignment)
        .where(Assignment.issue_id == issue.id, Assignment.holder)
        .order_by(Assignment.id.desc())
        .limit(1)
    )
    return session.scalars(query).first()


def worked_on(session: Session, issue: Issue, person_id: int) -> bool:
    """Whether somebody ever held it."""
    held = select(Assignment.id).where(
        Assignment.issue_id == issue.id,
        Assignment.person_id == person_id,
        Assignment.accepted_at.is_not(None),
    )
    return session.scalar(held.limit(1)) is not None


def heir(
    session: Session,
    issue: Issue,
    everybody: Sequence[Serving],
    own: Assignment,
    where: Area,
    *,
    without: Collection[int],
    upwards: bool = True,
) -> Choice | None:
    """Who takes over: the deputy or an equal, else (`upwards`) the next rung; of a department only somebody
    of the same one, then the street."""
    rungs: tuple[str, ...] = (own.role, *above(own.role)) if upwards else (own.role,)
    if own.role == Role.DEPARTMENT_OFFICER:
        same = candidates(
            everybody,
            own.role,
            category=issue.category,
            where=where,
            without=without,
            department=own.department,
        )
        if same:
            who = least_loaded(session, same)
            deputy = who.standing_in is not None
            return Choice(who, {**_plain(own.role), "equals": len(same), "deputy": deputy, **_whistle(own)})
        # A whistle called this department: no other one stands in for it, and the street would only call itself.
        rungs = (Role.STREET_OFFICER,) if upwards and not _whistle(own) else ()
    return choose(session, issue, everybody, rungs, where, without)


def _whistle(own: Assignment) -> dict[str, object]:
    return {"whistle": True, "department": own.department} if "whistle" in own.why else {}


def _plain(role: str) -> dict[str, object]:
    return {
        "role": role,
        "area": 0,
        "specialist": False,
        "equals": 1,
        "empty": [],
        "avoided": [],
        "deputy": False,
    }


def blower_of(session: Session, issue: Issue) -> int | None:
    """Who blew the last whistle for an issue."""
    return session.scalar(
        select(Whistle.by_id).where(Whistle.issue_id == issue.id).order_by(Whistle.id.desc()).limit(1)
    )
