"""What passes unanswered: nobody accepts, nobody finishes, nobody names the place; and the officers'
digest."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from bot.language.understanding import Place
from bot.turns.router import Router
from bot.turns.turn import Turn
from handlers.chat.issues.assign import escalate, task_values
from handlers.chat.issues.report import ASKED_PLACE, open_or_join, undraft
from handlers.chat.issues.work import task_row, tell_backers
from models.issues.find.hands import active_assignments
from models.issues.rules import LIVE, Urgency
from models.issues.steps import record, start, stop
from models.issues.tables import Assignment, Issue
from models.messages.tables import Outbox, Wait
from models.people.rules import ROLE_NAMES, Area, Role, candidates
from models.people.tables import Identity
from models.things.rules import Due
from models.things.tables import Deadline
from models.time import limit_from

router = Router()


@router.due("accept")
def nobody_accepted(turn: Turn, issue: Issue, _deadline: Deadline) -> None:
    """One rung up, told to both sides; at the top, the last rung is reminded."""
    if not issue.live:
        stop(turn.session, issue, turn.now, Due.ACCEPT)
        return
    holder = next((a for a in active_assignments(turn.session, issue) if a.holder), None)
    given = escalate(turn, issue, holder, "not_accepted")
    if given is not None:
        tell_backers(
            turn,
            issue,
            "reporter/escalated",
            reminder=issue.urgency is not Urgency.EMERGENCY,
            role=given.role_name,
        )
        return
    stop(turn.session, issue, turn.now, Due.ACCEPT, met=False)
    if holder is not None:
        # Nobody is above: one reminder, and from then on the digest.
        turn.tell(
            holder.person_id,
            "task/still_waiting",
            about=issue,
            reminder=issue.urgency is not Urgency.EMERGENCY,
            **task_values(turn, issue),
        )


@router.due("resolve")
def not_finished(turn: Turn, issue: Issue, _deadline: Deadline) -> None:
    """Late: whoever has it keeps it, the rung above is told and takes over if it wants."""
    if not issue.live or issue.held_until is not None:
        stop(turn.session, issue, turn.now, Due.RESOLVE)
        return
    stop(turn.session, issue, turn.now, Due.RESOLVE, met=False)
    holder = next((a for a in active_assignments(turn.session, issue) if a.holder), None)
    given = escalate(turn, issue, holder, "not_finished")
    if given is not None:
        tell_backers(
            turn,
            issue,
            "reporter/escalated",
            reminder=issue.urgency is not Urgency.EMERGENCY,
            role=given.role_name,
        )
        return
    start(turn.session, issue, Due.RESOLVE, limit_from(turn.now, turn.world.rules.resolve[issue.urgency]))
    record(turn.session, issue, turn.now, "late")
    if holder is not None:
        turn.tell(holder.person_id, "task/late", about=issue, reminder=True, role=ROLE_NAMES[holder.role])


def unanswered(turn: Turn, wait: Wait) -> None:
    """A question stayed open. For a place: the report goes to the chat's grid member as it is."""
    if wait.step != ASKED_PLACE or wait.issue_id is not None:
        return
    turn.in_community(wait.data["community_id"])
    said = undraft(turn, wait, Place())
    reply = open_or_join(turn, said, photos=tuple(wait.data["photos"]), chat_id=wait.data["chat_id"])
    turn.tell_identity(
        wait.identity_id, "report/place_unanswered", about=turn.session.get(Issue, reply.about or 0)
    )


def digest(turn: Turn) -> None:
    """For each officer with something waiting or late: one list. Nothing to say, nothing sent."""
    rows = turn.session.execute(
        select(Issue, Assignment)
        .join(Assignment, Assignment.issue_id == Issue.id)
        .where(
            Issue.community_id == turn.community.id,
            Issue.status.in_(LIVE),
            Assignment.ended_at.is_(None),
            Assignment.holder,
        )
        .order_by(Issue.id)
    )
    mine: dict[int, list[dict[str, Any]]] = {}
    for issue, assignment in rows:
        row = task_row(turn, issue, assignment)
        if not row["accepted"] or row["late"]:
            mine.setdefault(assignment.person_id, []).append(row)
    for person_id, waiting in mine.items():
        turn.tell(
            person_id,
            "task/digest",
            reminder=True,
            rows=waiting[:10],
            more=max(0, len(waiting) - 10),
            total=len(waiting),
        )


def given_up(turn: Turn, row: Outbox) -> None:
    """A message that could not be delivered: the secretary is told, unless it was for the secretary."""
    if row.community_id is None:
        return
    turn.in_community(row.community_id)
    secretaries = candidates(turn.serving(), Role.SECRETARY, category="other", where=Area())
    theirs = select(Identity.channel, Identity.external).where(
        Identity.person_id.in_([s.person_id for s in secretaries])
    )
    if any(
        (channel, f"dm:{external}") == (row.channel, row.address)
        for channel, external in turn.session.execute(theirs)
    ):
        # Whoever cannot be reached cannot be told so either.
        return
    for secretary in secretaries:
        turn.tell(secretary, "task/gave_up", address=row.address, reminder=True)
