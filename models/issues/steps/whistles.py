"""吹哨 and 报到: the street calls departments, each has its own clock, one of them leads."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import update

from models.base import new_id
from models.issues.rules import Due
from models.issues.steps.journey import Journey
from models.issues.tables import Assignment, ReportIn, Whistle
from models.people.rules import Acting, Choice, Serving
from models.things.find import running
from models.things.steps import settle, start_clock
from models.time import after


def blow(journey: Journey, by: Acting, called: Sequence[Serving], hours: int) -> list[Assignment]:
    """Put it into the hands of the departments called, the first of which leads; returns the assignments that
    ended."""
    session, issue = journey.session, journey.issue
    whistle = Whistle(
        id=new_id(),
        community_id=issue.community_id,
        issue_id=issue.id,
        by_id=by.person_id,
        at=journey.now,
        hours=hours,
    )
    session.add(whistle)
    ended = journey.empty_hands()
    journey.stop(Due.ACCEPT, Due.RESOLVE, Due.REPORT_IN)
    journey.end_hold()
    journey.unaccept()
    due = after(journey.now, hours=hours)
    for place, who in enumerate(called):
        why = {"role": who.role, "whistle": True, "department": who.department}
        journey.give(Choice(who, why), holder=place == 0, clock=False)
        row = ReportIn(
            id=new_id(),
            community_id=issue.community_id,
            whistle_id=whistle.id,
            issue_id=issue.id,
            department=who.department,
            person_id=who.person_id,
            leading=place == 0,
            due_at=due,
        )
        session.add(row)
        start_clock(session, issue.thing, Due.REPORT_IN, due, part_id=row.id)
    journey.start(Due.RESOLVE, journey.rules.resolve["complex"])
    issue.level = 3
    departments = [who.department for who in called]
    journey.record("whistled", by=by, departments=departments, hours=hours)
    return ended


def report_in(journey: Journey, row: ReportIn, by: Acting) -> None:
    """A department is there; the leading one thereby takes the issue, and the others go on beside it."""
    row.reported_at, row.reported_by = journey.now, by.person_id
    for clock in running(journey.session, journey.issue.id, Due.REPORT_IN):
        if clock.part_id == row.id:
            settle(clock, journey.now, met=True)
    journey.record("reported_in", by=by, department=row.department)
    holder = journey.holder() if row.leading and journey.issue.live else None
    if holder is not None:
        journey.take(holder, together=True)


def pass_duty(journey: Journey, was: int, now_with: int) -> None:
    """A department's open duty to report in follows its officer's task."""
    open_ones = update(ReportIn).where(
        ReportIn.issue_id == journey.issue.id, ReportIn.person_id == was, ReportIn.reported_at.is_(None)
    )
    journey.session.execute(open_ones.values(person_id=now_with).execution_options(synchronize_session=False))
