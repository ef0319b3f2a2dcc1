"""What holds of an issue's rows after every step, whoever took it."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.issues.rules import TRANSITIONS, Status
from models.issues.tables import Assignment, Endorsement, Issue, IssueEvent
from models.things.tables import Deadline

#: The journey is over: nobody has it and nothing ticks.
ENDED = (Status.CLOSED, Status.REFUSED, Status.WITHDRAWN, Status.MERGED)


def broken(session: Session, issue: Issue) -> list[str]:
    """What does not hold, in words."""
    wrong = []
    assignments = list(session.scalars(select(Assignment).where(Assignment.issue_id == issue.id)))
    deadlines = list(session.scalars(select(Deadline).where(Deadline.thing_id == issue.id)))
    events = list(
        session.scalars(select(IssueEvent).where(IssueEvent.issue_id == issue.id).order_by(IssueEvent.id))
    )
    held = [a for a in assignments if a.holder and a.ended_at is None]
    ticking = [d for d in deadlines if d.settled_at is None]
    if len(held) > 1:
        wrong.append(f"{len(held)} holders")
    if issue.status in ENDED and any(a.ended_at is None for a in assignments):
        wrong.append(f"{issue.status} and still in somebody's hands")
    if issue.status in ENDED and [d for d in ticking if d.what != "visit"]:
        wrong.append(f"{issue.status} and still ticking: {[d.what for d in ticking]}")
    if issue.status is Status.ACCEPTED and not any(a.accepted_at for a in assignments if a.ended_at is None):
        wrong.append("accepted and nobody has accepted it")
    if any(d.missed_at is not None and d.settled_at is not None and d.met for d in deadlines):
        wrong.append("a deadline missed and met")
    if [e.at for e in events] != sorted(e.at for e in events):
        wrong.append("history out of order")
    if not events or events[0].what not in ("opened", "opened_for"):
        wrong.append("history does not begin with the report")
    elif (events[0].what, events[0].person_id) not in (("opened", None), ("opened_for", issue.entered_by)):
        wrong.append("history does not know who entered the report")
    if any(a.ended_at is not None and a.ended_at < a.given_at for a in assignments):
        wrong.append("taken away before it was given")
    firsts = (
        session.scalar(
            select(func.count(Endorsement.id)).where(Endorsement.issue_id == issue.id, Endorsement.first)
        )
        or 0
    )
    if firsts > 1:
        wrong.append(f"{firsts} first reporters")
    if (issue.status is Status.MERGED) != (issue.merged_into is not None):
        wrong.append("merged into nothing")
    return wrong


def may_follow(was: Status, now: Status) -> bool:
    """One step of the table, or several that each stand in it (a turn may take two: 完成 accepts first)."""
    seen, edge = {was}, {was}
    while edge:
        edge = {after for status in edge for after in TRANSITIONS[status]} - seen
        seen |= edge
    return now in seen
