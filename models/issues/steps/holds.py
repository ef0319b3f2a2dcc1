"""挂账: waiting for parts or money, asked by the holder and approved one rung up."""

from __future__ import annotations

from datetime import datetime

from models.base import new_id
from models.issues.find.rows import open_hold
from models.issues.rules import Due
from models.issues.steps.journey import Journey
from models.issues.tables import Assignment, Hold
from models.people.rules import Acting
from models.things.steps import start_clock


def ask(journey: Journey, own: Assignment, approver_id: int, until: datetime, reason: str) -> None:
    """Ask to wait until a day; an earlier request that nobody answered is replaced."""
    earlier = open_hold(journey.session, journey.issue)
    if earlier is not None:
        _decide(journey, earlier, approved=False)
        journey.session.flush()
    journey.session.add(
        Hold(
            id=new_id(),
            community_id=journey.issue.community_id,
            issue_id=journey.issue.id,
            asked_by=own.person_id,
            asked_at=journey.now,
            approver_id=approver_id,
            until=until,
            reason=reason,
        )
    )
    journey.start(Due.HOLD_APPROVAL, journey.rules.hold_approval)
    journey.record("hold_asked", by=own, detail=reason)


def approve(journey: Journey, request: Hold, by: Acting) -> None:
    """The clock for the work stands still until that day."""
    _decide(journey, request, approved=True)
    journey.issue.held_until = request.until
    journey.stop(Due.RESOLVE)
    start_clock(journey.session, journey.issue.thing, Due.HOLD, request.until)
    journey.record("held", by=by, until=request.until.isoformat())


def decline(journey: Journey, request: Hold) -> None:
    """No, or no answer: the clock for the work never stopped."""
    _decide(journey, request, approved=False)
    journey.record("hold_declined")


def _decide(journey: Journey, request: Hold, *, approved: bool) -> None:
    request.decided_at, request.approved = journey.now, approved
    journey.stop(Due.HOLD_APPROVAL)


def over(journey: Journey) -> None:
    """The day has come: the clock for the work runs again."""
    journey.stop(Due.HOLD, met=True)
    journey.issue.held_until = None
    if journey.issue.live:
        journey.record("hold_over")
        journey.start(Due.RESOLVE, journey.rules.resolve[journey.issue.urgency])
