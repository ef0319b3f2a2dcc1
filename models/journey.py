"""The steps of an issue's journey as writes: open, give, accept, give up, resolve, with their deadlines and
history.

Callers decide whether a step is allowed to this person; these functions keep rows consistent with each other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, or_, select, text, update
from sqlalchemy.orm import Session

from config.rules import IssueRules, Limit
from models.base import new_id
from models.counters import next_number
from models.deadlines import Deadline, Due, after
from models.directory import Located
from models.issues import LIVE, Assignment, Endorsement, Hold, Issue, IssueEvent, Photo, Status, Urgency
from models.messages import Delivery, Outbox
from models.people import Identity, Role
from models.routing import Choice


@dataclass(frozen=True, slots=True)
class Said:
    """What a resident reported, understood and located: the draft of an issue."""

    text: str
    category: str
    urgency: Urgency
    where: Located
    why: tuple[str, ...] = ()
    alarm: str | None = None
    against: tuple[str, ...] = ()
    anonymous: bool = False
    message_id: str | None = None


def words_hash(words: str) -> str:
    """Equal for the same words whatever the blanks and punctuation."""
    kept = "".join(c for c in words if c.isalnum())
    return hashlib.sha256(kept.encode()).hexdigest()[:16]


def limit_from(start: datetime, limit: Limit) -> datetime:
    """When a limit that starts now ends."""
    return after(start, hours=limit.hours, days=limit.days)


# --- finding
# ------------------------------------------------------------------------------------------------------------

_LIVE = text("issues.status IN ('open', 'accepted')")
#: What an open report may join: never 匿名反映, nothing hidden, no complaint about a post.
_JOINABLE = (Issue.anonymous.is_(False), Issue.hidden.is_(False), Issue.against == "")
_NEARBY = (
    select(Issue)
    .where(
        _LIVE,
        *_JOINABLE,
        Issue.community_id == bindparam("community"),
        Issue.category == bindparam("category"),
        Issue.building_id == bindparam("building"),
        or_(
            Issue.unit.is_(None),
            bindparam("unit", type_=Issue.unit.type).is_(None),
            Issue.unit == bindparam("unit"),
        ),
        or_(
            Issue.room.is_(None),
            bindparam("room", type_=Issue.room.type).is_(None),
            Issue.room == bindparam("room"),
        ),
        or_(
            Issue.spot.is_(None),
            bindparam("spot", type_=Issue.spot.type).is_(None),
            Issue.spot == bindparam("spot"),
        ),
    )
    .order_by(Issue.id)
    .limit(1)
)
_SAME_SPOT = (
    select(Issue)
    .where(
        _LIVE,
        *_JOINABLE,
        Issue.community_id == bindparam("community"),
        Issue.category == bindparam("category"),
        Issue.building_id.is_(None),
        Issue.spot == bindparam("spot"),
        or_(
            Issue.estate_id.is_(None),
            bindparam("estate", type_=Issue.estate_id.type).is_(None),
            Issue.estate_id == bindparam("estate"),
        ),
    )
    .order_by(Issue.id)
    .limit(1)
)
_SAME_WORDS = (
    select(Issue)
    .where(
        _LIVE,
        *_JOINABLE,
        Issue.community_id == bindparam("community"),
        Issue.words_hash == bindparam("words"),
        or_(Issue.sensitive.is_(False), Issue.category == bindparam("category")),
        or_(
            Issue.building_id.is_(None),
            bindparam("building", type_=Issue.building_id.type).is_(None),
            Issue.building_id == bindparam("building"),
        ),
        or_(
            Issue.unit.is_(None),
            bindparam("unit", type_=Issue.unit.type).is_(None),
            Issue.unit == bindparam("unit"),
        ),
    )
    .order_by(Issue.id)
    .limit(1)
)
#: Fewer characters than this say too little to be the same thing for being the same words.
_TELLING = 8


def duplicate_of(session: Session, community_id: int, said: Said) -> Issue | None:
    """The live issue this report is about: same place and category, or the same words. 匿名反映 and reports
    against a post stand alone."""
    if said.anonymous or said.against:
        return None
    where = said.where
    if where.building_id is not None:
        values = {"community": community_id, "category": said.category, "building": where.building_id}
        if found := session.scalars(
            _NEARBY, {**values, "unit": where.unit, "room": where.room, "spot": where.spot}
        ).first():
            return found
    elif where.spot is not None:
        values = {"community": community_id, "category": said.category, "estate": where.estate_id}
        if found := session.scalars(_SAME_SPOT, {**values, "spot": where.spot}).first():
            return found
    if len(said.text) < _TELLING:
        return None
    words = {
        "community": community_id,
        "words": words_hash(said.text),
        "building": where.building_id,
        "unit": where.unit,
        "category": said.category,
    }
    found = session.scalars(_SAME_WORDS, words).first()
    return (
        found if found is not None and not (found.room and where.room and found.room != where.room) else None
    )


def by_number(session: Session, community_id: int, number: int) -> Issue | None:
    """The issue with this number of this community."""
    return session.scalars(
        select(Issue).where(Issue.community_id == community_id, Issue.number == number)
    ).first()


def quoted_issue(session: Session, channel: str, address: str, receipt: str) -> Issue | None:
    """The issue that a delivered message of the bot spoke of."""
    about = (
        select(Outbox.about)
        .where(Outbox.channel == channel, Outbox.address == address, Outbox.receipt == receipt)
        .scalar_subquery()
    )
    return session.scalars(select(Issue).where(Issue.id == about)).first()


def backed_by(
    session: Session, community_id: int, identity_id: int, statuses: Sequence[Status]
) -> list[Issue]:
    """The issues an account reported or endorsed, newest first."""
    query = (
        select(Issue)
        .join(Endorsement, Endorsement.issue_id == Issue.id)
        .where(
            Endorsement.identity_id == identity_id,
            Issue.community_id == community_id,
            Issue.status.in_(statuses),
        )
        .order_by(Issue.id.desc())
        .limit(30)
    )
    return list(session.scalars(query))


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


def question_delivered(session: Session, issue: Issue, silent: Collection[str]) -> bool:
    """Whether 「解决了吗」 reached anybody behind the issue: a direct message went out since on a channel that
    is not `silent`, or the follow page was opened."""
    seen = select(Endorsement.id).where(
        Endorsement.issue_id == issue.id, Endorsement.asked_seen_at >= issue.changed_at
    )
    if session.scalar(seen.limit(1)) is not None:
        return True
    accounts = (
        select(Identity.channel, Identity.external)
        .join(Endorsement, Endorsement.identity_id == Identity.id)
        .where(Endorsement.issue_id == issue.id)
    )
    asked = {
        (channel, f"dm:{external}")
        for channel, external in session.execute(accounts)
        if channel not in silent
    }
    sent = select(Outbox.channel, Outbox.address).where(
        Outbox.about == issue.id, Outbox.at >= issue.changed_at, Outbox.delivery == Delivery.SENT
    )
    return any((row.channel, row.address) in asked for row in session.execute(sent))


def backers(session: Session, issue: Issue) -> list[Endorsement]:
    """Everybody who reported or endorsed it, the first reporter first."""
    return list(
        session.scalars(
            select(Endorsement)
            .where(Endorsement.issue_id == issue.id)
            .order_by(Endorsement.first.desc(), Endorsement.id)
        )
    )


def endorsement_count(session: Session, issue: Issue) -> int:
    """Residents beside the first reporter."""
    return (
        session.scalar(
            select(func.count(Endorsement.id)).where(Endorsement.issue_id == issue.id, ~Endorsement.first)
        )
        or 0
    )


def running(session: Session, issue: Issue, *whats: Due) -> list[Deadline]:
    """The clocks that still run for an issue, all or of some kinds."""
    query = select(Deadline).where(Deadline.issue_id == issue.id, Deadline.settled_at.is_(None))
    return list(session.scalars(query.where(Deadline.what.in_(whats)) if whats else query))


def history(session: Session, issue: Issue) -> list[IssueEvent]:
    """What happened, in order."""
    return list(
        session.scalars(select(IssueEvent).where(IssueEvent.issue_id == issue.id).order_by(IssueEvent.id))
    )


# --- writing
# ------------------------------------------------------------------------------------------------------------


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
