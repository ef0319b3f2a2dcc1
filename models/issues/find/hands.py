"""In whose hands issues are, and into whose they should go: why this person."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from models.issues.rules import LIVE
from models.issues.tables import Assignment, Issue, Whistle
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
    everybody: Sequence[Serving],
    *,
    rungs: Sequence[Role],
    category: str,
    where: Area,
    against: Collection[str] = (),
    without: Collection[int] = (),
) -> Choice | None:
    """The first rung that has somebody, skipping the posts complained about (promise 11); None when no rung
    has."""
    skipped = [role for role in rungs if role.value in against]
    empty: list[Role] = []
    for role in rungs:
        if role in skipped:
            continue
        equals = candidates(everybody, role, category=category, where=where, without=without)
        if not equals:
            if not candidates(everybody, role, category=category, where=where):
                empty.append(role)
            continue
        who = least_loaded(session, equals)
        return Choice(
            who,
            {
                "role": role.value,
                "area": who.narrowness,
                "specialist": bool(who.categories),
                "equals": len(equals),
                "empty": [r.value for r in empty],
                "avoided": [r.value for r in skipped],
                "deputy": who.standing_in is not None,
            },
        )
    return None


def held_by(session: Session, community_id: int, person_id: int) -> list[tuple[Issue, Assignment]]:
    """What is in a person's hands, or offered to them, oldest first."""
    query = (
        select(Issue, Assignment)
        .join(Assignment, Assignment.issue_id == Issue.id)
        .where(
            Assignment.person_id == person_id,
            Assignment.ended_at.is_(None),
            Issue.community_id == community_id,
            Issue.status.in_(LIVE),
        )
        .order_by(Issue.id)
    )
    return [(row[0], row[1]) for row in session.execute(query)]


def active_assignments(session: Session, issue: Issue) -> list[Assignment]:
    """The holder first, then who was told together with them."""
    query = (
        select(Assignment)
        .where(Assignment.issue_id == issue.id, Assignment.ended_at.is_(None))
        .order_by(Assignment.holder.desc(), Assignment.id)
    )
    return list(session.scalars(query))


def holder_of(session: Session, issue: Issue) -> Assignment | None:
    """In whose hands it is."""
    return next((a for a in active_assignments(session, issue) if a.holder), None)


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


def in_hands(session: Session, person_id: int) -> list[tuple[Issue, Assignment]]:
    """What is in a person's hands or offered to them, in every community."""
    query = (
        select(Issue, Assignment)
        .join(Assignment, Assignment.issue_id == Issue.id)
        .where(Assignment.person_id == person_id, Assignment.ended_at.is_(None), Issue.status.in_(LIVE))
        .order_by(Issue.id)
    )
    return [(row[0], row[1]) for row in session.execute(query)]


def heir(
    session: Session,
    everybody: Sequence[Serving],
    own: Assignment,
    *,
    category: str,
    where: Area,
    against: Collection[str],
    without: Collection[int],
    upwards: bool = True,
) -> Choice | None:
    """Who takes over: the deputy or an equal, else (`upwards`) the next rung; of a department only somebody
    of the same one, then the street."""
    rungs: tuple[Role, ...] = (own.role, *above(own.role)) if upwards else (own.role,)
    if own.role is Role.DEPARTMENT_OFFICER:
        same = candidates(
            everybody, own.role, category=category, where=where, without=without, department=own.department
        )
        if same:
            who = least_loaded(session, same)
            return Choice(
                who,
                {
                    **_plain(own.role),
                    "equals": len(same),
                    "deputy": who.standing_in is not None,
                    **_whistle(own),
                },
            )
        # A whistle called this department: no other one stands in for it, and the street would only call
        # itself.
        rungs = (Role.STREET_OFFICER,) if upwards and not _whistle(own) else ()
    return choose(
        session, everybody, rungs=rungs, category=category, where=where, against=against, without=without
    )


def _whistle(own: Assignment) -> dict[str, object]:
    return {"whistle": True, "department": own.department} if "whistle" in own.why else {}


def _plain(role: Role) -> dict[str, object]:
    return {
        "role": role.value,
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
