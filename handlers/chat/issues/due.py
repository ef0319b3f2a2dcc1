"""What passes unanswered: nobody accepts, nobody finishes; and the officers' digest."""

from __future__ import annotations

from typing import Any

from bot.turns.router import Router
from bot.turns.turn import Turn
from handlers.chat.issues.assign import escalate, task_values
from handlers.chat.issues.issue import journey, tell_backers
from handlers.chat.issues.work import task_row
from models.issues.find.hands import held_in
from models.issues.rules import Due, Urgency
from models.issues.tables import Assignment, Issue
from models.people.rules import ROLE_NAMES
from models.things.tables import Deadline

router = Router()

#: How many tasks a digest lists.
LISTED = 10


@router.due(Due.ACCEPT)
def nobody_accepted(turn: Turn, issue: Issue, _deadline: Deadline) -> None:
    """One rung up, told to both sides; at the top, the last rung is reminded."""
    way = journey(turn, issue)
    if not issue.live:
        way.stop(Due.ACCEPT)
        return
    holder = way.holder()
    if _went_up(turn, issue, holder, "not_accepted"):
        return
    way.stop(Due.ACCEPT, met=False)
    if holder is not None:
        # Nobody is above: one reminder, and from then on the digest.
        reminder = issue.urgency is not Urgency.EMERGENCY
        values = task_values(turn, issue)
        turn.tell(holder.person_id, "task/still_waiting", about=issue, reminder=reminder, **values)


@router.due(Due.RESOLVE)
def not_finished(turn: Turn, issue: Issue, _deadline: Deadline) -> None:
    """Late: whoever has it keeps it, the rung above is told and takes over if it wants."""
    way = journey(turn, issue)
    if not issue.live or issue.held_until is not None:
        way.stop(Due.RESOLVE)
        return
    way.stop(Due.RESOLVE, met=False)
    holder = way.holder()
    if _went_up(turn, issue, holder, "not_finished"):
        return
    way.late()
    if holder is not None:
        role = ROLE_NAMES[holder.role]
        turn.tell(holder.person_id, "task/late", about=issue, reminder=True, role=role)


def _went_up(turn: Turn, issue: Issue, holder: Assignment | None, why: str) -> bool:
    given = escalate(turn, issue, holder, why)
    if given is None:
        return False
    reminder = issue.urgency is not Urgency.EMERGENCY
    tell_backers(turn, issue, "reporter/escalated", reminder=reminder, role=given.role_name)
    return True


@router.on("digest")
def digest(turn: Turn) -> None:
    """For each officer with something waiting or late: one list. Nothing to say, nothing sent."""
    mine: dict[int, list[dict[str, Any]]] = {}
    for issue, assignment in held_in(turn.session, turn.community.id):
        row = task_row(turn, issue, assignment)
        if not row["accepted"] or row["late"]:
            mine.setdefault(assignment.person_id, []).append(row)
    for person_id, waiting in mine.items():
        more, total = max(0, len(waiting) - LISTED), len(waiting)
        turn.tell(person_id, "task/digest", reminder=True, rows=waiting[:LISTED], more=more, total=total)
