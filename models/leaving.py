"""Leave, resignation and moving away: the rows that change, and who takes over what was in somebody's
hands."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from models.base import new_id
from models.issues import LIVE, Assignment, Hold, Issue, ReportIn, Whistle
from models.people import Absence, Post, Role
from models.routing import Area, Choice, Serving, above, candidates, choose, least_loaded


def begin_leave(session: Session, person_id: int, now: datetime, until: datetime) -> Absence:
    """Away from now on; a second 请假 moves the end of the first."""
    running = on_leave(session, person_id, now)
    if running is not None:
        running.until = until
        return running
    absence = Absence(id=new_id(), person_id=person_id, since=now, until=until)
    session.add(absence)
    return absence


def on_leave(session: Session, person_id: int, now: datetime) -> Absence | None:
    """The leave that runs now."""
    return session.scalars(
        select(Absence).where(Absence.person_id == person_id, Absence.since <= now, Absence.until > now)
    ).first()


def end_leave(session: Session, absence: Absence, now: datetime) -> None:
    """Back again; a leave that lasted no time leaves no row."""
    if absence.since < now:
        absence.until = now
    else:
        session.delete(absence)


def posts_held(session: Session, person_id: int, now: datetime) -> Sequence[Post]:
    """The posts of a person that run now or will."""
    return session.scalars(
        select(Post)
        .where(Post.person_id == person_id, or_(Post.until.is_(None), Post.until > now))
        .order_by(Post.id)
    ).all()


def end_posts(session: Session, posts: Sequence[Post], now: datetime) -> None:
    """These posts end now; one that would only have begun later goes altogether."""
    for post in posts:
        if post.since is not None and post.since > now:
            session.delete(post)
        else:
            post.until = now


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


def drop_hold_request(session: Session, issue: Issue, now: datetime) -> None:
    """A request for 挂账 that nobody answered went with whoever asked; the new holder may ask again."""
    asked = update(Hold).where(Hold.issue_id == issue.id, Hold.decided_at.is_(None))
    session.execute(asked.values(decided_at=now, approved=False).execution_options(synchronize_session=False))


def blower_of(session: Session, issue: Issue) -> int | None:
    """Who blew the last whistle for an issue."""
    return session.scalar(
        select(Whistle.by_id).where(Whistle.issue_id == issue.id).order_by(Whistle.id.desc()).limit(1)
    )


def pass_whistle(session: Session, issue: Issue, was: int, now_with: int) -> None:
    """A department's open duty to report in follows its officer's task."""
    open_ones = update(ReportIn).where(
        ReportIn.issue_id == issue.id, ReportIn.person_id == was, ReportIn.reported_at.is_(None)
    )
    session.execute(open_ones.values(person_id=now_with).execution_options(synchronize_session=False))
