"""The steps of an issue's journey as writes: open, give, accept, give up, resolve, with their deadlines and history.

Callers decide whether a step is allowed to this person; these functions keep rows consistent with each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from config.rules import IssueRules
from models.base import new_id
from models.issues.find.hands import active_assignments
from models.issues.find.rows import running
from models.issues.rules import Said, Status, words_hash
from models.issues.tables import Assignment, Endorsement, Hold, Issue, IssueEvent, Photo, ReportIn
from models.people.rules import Choice, Role
from models.places.steps import next_number
from models.things.rules import Due
from models.things.tables import Deadline
from models.time import limit_from


def record(
    session: Session,
    issue: Issue,
    now: datetime,
    what: str,
    *,
    role: Role | None = None,
    person_id: int | None = None,
    detail: str = "",
    **public: Any,
) -> None:
    """Add a line to the history; `public` values are shown to everybody, `detail` to those concerned."""
    session.add(
        IssueEvent(
            community_id=issue.community_id,
            issue_id=issue.id,
            at=now,
            what=what,
            role=role,
            person_id=person_id,
            public=public,
            detail=detail,
        )
    )


def open_issue(
    session: Session,
    rules: IssueRules,
    community_id: int,
    said: Said,
    now: datetime,
    *,
    reporter_id: int,
    chat_id: int | None,
    photos: Sequence[str] = (),
    entered_by: int | None = None,
) -> Issue:
    """A new issue with its number, its first backer and its photos; nobody has it yet."""
    category = rules.category(said.category)
    issue = Issue(
        id=new_id(),
        community_id=community_id,
        number=next_number(session, community_id),
        status=Status.OPEN,
        category=category.key,
        urgency=said.urgency,
        level=category.level,
        sensitive=said.anonymous or category.sensitive,
        anonymous=said.anonymous,
        discreet=said.anonymous or category.sensitive,
        hidden=False,
        estate_id=said.where.estate_id,
        building_id=said.where.building_id,
        unit=said.where.unit,
        room=said.where.room,
        spot=said.where.spot,
        text=said.text,
        words_hash=words_hash(said.text),
        reporter_id=reporter_id,
        entered_by=entered_by,
        chat_id=chat_id,
        alarm=said.alarm,
        against=",".join(said.against),
        why=list(said.why),
        merged_into=None,
        held_until=None,
        opened_at=now,
        changed_at=now,
    )
    session.add(issue)
    back(
        session,
        issue,
        reporter_id,
        now,
        first=True,
        words=said.text,
        message_id=said.message_id,
        anonymous=said.anonymous,
    )
    add_photos(session, issue, photos, now, identity_id=reporter_id, by_officer=False)
    record(session, issue, now, "opened" if entered_by is None else "opened_for", person_id=entered_by)
    return issue


def back(
    session: Session,
    issue: Issue,
    identity_id: int,
    now: datetime,
    *,
    first: bool = False,
    words: str | None = None,
    message_id: str | None = None,
    anonymous: bool = False,
) -> Endorsement:
    """Write down one more resident behind the issue; the caller has checked that they are not already."""
    backing = Endorsement(
        id=new_id(),
        community_id=issue.community_id,
        issue_id=issue.id,
        identity_id=identity_id,
        first=first,
        anonymous=anonymous,
        at=now,
        text=words,
        message_id=message_id,
    )
    session.add(backing)
    return backing


def add_photos(
    session: Session,
    issue: Issue,
    digests: Sequence[str],
    now: datetime,
    *,
    identity_id: int | None,
    by_officer: bool,
) -> int:
    """Attach stored photos, each once; how many were new."""
    if not digests:
        return 0
    known = set(session.scalars(select(Photo.digest).where(Photo.issue_id == issue.id)))
    fresh = [d for d in dict.fromkeys(digests) if d not in known]
    for digest in fresh:
        session.add(
            Photo(
                community_id=issue.community_id,
                issue_id=issue.id,
                digest=digest,
                identity_id=identity_id,
                by_officer=by_officer,
                at=now,
            )
        )
    return len(fresh)


def give(
    session: Session,
    rules: IssueRules,
    issue: Issue,
    choice: Choice,
    now: datetime,
    *,
    holder: bool = True,
    clock: bool = True,
) -> Assignment:
    """Put the issue into somebody's hands (or offer it beside the holder) and start the clock for accepting
    (a whistle has its own)."""
    assignment = Assignment(
        id=new_id(),
        community_id=issue.community_id,
        issue_id=issue.id,
        person_id=choice.who.person_id,
        role=choice.who.role,
        department=choice.who.department,
        holder=holder,
        given_at=now,
        why=choice.why,
    )
    session.add(assignment)
    if holder:
        if clock:
            start(
                session,
                issue,
                Due.ACCEPT,
                limit_from(now, rules.accept[issue.urgency]),
                assignment_id=assignment.id,
            )
        record(session, issue, now, "given", role=choice.who.role, person_id=choice.who.person_id)
    return assignment


def start(
    session: Session,
    issue: Issue,
    what: Due,
    due_at: datetime,
    *,
    assignment_id: int | None = None,
    report_in_id: int | None = None,
) -> Deadline:
    """Start a clock."""
    deadline = Deadline(
        id=new_id(),
        community_id=issue.community_id,
        issue_id=issue.id,
        assignment_id=assignment_id,
        report_in_id=report_in_id,
        what=what,
        due_at=due_at,
    )
    session.add(deadline)
    return deadline


def stop(session: Session, issue: Issue, now: datetime, *whats: Due, met: bool | None = None) -> None:
    """Stop the clocks of these kinds (all kinds when none is named); `met` None means called off. One missed
    before counts as missed."""
    if _unwritten(session, issue, Deadline):
        return
    query = update(Deadline).where(Deadline.issue_id == issue.id, Deadline.settled_at.is_(None))
    if whats:
        query = query.where(Deadline.what.in_(whats))
    session.flush()
    session.execute(
        query.where(Deadline.missed_at.is_not(None))
        .values(settled_at=now, met=False)
        .execution_options(synchronize_session="fetch")
    )
    kept = None if met is None else met
    session.execute(query.values(settled_at=now, met=kept).execution_options(synchronize_session="fetch"))


def _unwritten(session: Session, issue: Issue, kind: type[Deadline | Assignment]) -> bool:
    """The issue was opened in this very turn and has no row of that kind yet: nothing to ask the database."""
    return issue in session.new and not any(
        isinstance(row, kind) and row.issue_id == issue.id for row in session.new
    )


def end_assignments(
    session: Session, issue: Issue, now: datetime, *, but: Assignment | None = None
) -> list[Assignment]:
    """Take the issue out of all hands but one; returns those that ended."""
    if _unwritten(session, issue, Assignment):
        return []
    ended = [a for a in active_assignments(session, issue) if but is None or a.id != but.id]
    for assignment in ended:
        assignment.ended_at = now
    session.flush()
    return ended


def take(
    session: Session,
    rules: IssueRules,
    issue: Issue,
    assignment: Assignment,
    now: datetime,
    *,
    together: bool = False,
) -> list[Assignment]:
    """接单: this assignment holds it and the clock for the work runs; returns the assignments that thereby
    ended (none when the others
    go on `together`, as the departments of a whistle do)."""
    ended = [] if together else end_assignments(session, issue, now, but=assignment)
    assignment.holder, assignment.accepted_at = True, now
    stop(session, issue, now, Due.ACCEPT, met=True)
    end_hold(session, issue, now)
    if issue.status is Status.OPEN:
        issue.move_to(Status.ACCEPTED, now)
    if not running(session, issue, Due.RESOLVE):
        start(
            session,
            issue,
            Due.RESOLVE,
            limit_from(now, rules.resolve[issue.urgency]),
            assignment_id=assignment.id,
        )
    record(session, issue, now, "accepted", role=assignment.role, person_id=assignment.person_id)
    return ended


def end_hold(session: Session, issue: Issue, now: datetime) -> None:
    """No 挂账 any more, neither asked for nor approved: whoever has it next starts afresh."""
    if issue in session.new:
        return
    session.flush()
    open_ones = update(Hold).where(Hold.issue_id == issue.id, Hold.decided_at.is_(None))
    session.execute(
        open_ones.values(decided_at=now, approved=False).execution_options(synchronize_session="fetch")
    )
    stop(session, issue, now, Due.HOLD, Due.HOLD_APPROVAL)
    issue.held_until = None


def close(session: Session, issue: Issue, now: datetime) -> None:
    """The end of the journey: clocks stopped, hands emptied, the record of the community continued."""
    issue.move_to(Status.CLOSED, now)
    end_hold(session, issue, now)
    end_assignments(session, issue, now)
    stop(session, issue, now)
    record(session, issue, now, "closed")


def finish(
    session: Session,
    issue: Issue,
    status: Status,
    now: datetime,
    what: str,
    *,
    role: Role | None = None,
    person_id: int | None = None,
    detail: str = "",
    **public: Any,
) -> None:
    """End the journey other than by resolution: refused, withdrawn, merged. Hands are emptied and clocks
    stopped."""
    issue.move_to(status, now)
    end_hold(session, issue, now)
    end_assignments(session, issue, now)
    stop(session, issue, now)
    record(session, issue, now, what, role=role, person_id=person_id, detail=detail, **public)


def drop_hold_request(session: Session, issue: Issue, now: datetime) -> None:
    """A request for 挂账 that nobody answered went with whoever asked; the new holder may ask again."""
    asked = update(Hold).where(Hold.issue_id == issue.id, Hold.decided_at.is_(None))
    session.execute(asked.values(decided_at=now, approved=False).execution_options(synchronize_session=False))


def pass_whistle(session: Session, issue: Issue, was: int, now_with: int) -> None:
    """A department's open duty to report in follows its officer's task."""
    open_ones = update(ReportIn).where(
        ReportIn.issue_id == issue.id, ReportIn.person_id == was, ReportIn.reported_at.is_(None)
    )
    session.execute(open_ones.values(person_id=now_with).execution_options(synchronize_session=False))
