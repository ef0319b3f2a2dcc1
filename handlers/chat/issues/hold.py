"""挂账 17 到12月20日 等配件: waiting is said openly and approved one rung up, instead of tempting anybody to
report 完成."""

from __future__ import annotations

import re
from datetime import timedelta

from sqlalchemy import select

from bot.language import parse_until
from bot.turns.message import Refused, Reply
from bot.turns.router import Router
from bot.turns.turn import Turn
from handlers.chat.issues.work import ensure_taken, tell_backers, working
from handlers.chat.things.number import in_hand, named
from models.base import new_id
from models.issues.find.hands import active_assignments, choose
from models.issues.rules import Urgency
from models.issues.steps import record, start, stop
from models.issues.tables import Hold, Issue
from models.people.rules import ROLE_NAMES, Role, above
from models.things.rules import Due
from models.things.tables import Deadline
from models.time import limit_from

router = Router()


@router.command("hold")
def hold(turn: Turn) -> Reply:
    """Ask to wait until a day."""
    issue = in_hand(turn, "hold")[0]
    own = working(turn, issue, "hold")
    if issue.urgency is Urgency.EMERGENCY:
        raise Refused("hold/emergency", about_number=issue.number)
    until = parse_until(turn.command.rest, turn.local)
    reason = _reason(turn.command.rest)
    last = turn.now + timedelta(days=turn.world.rules.hold_days_max)
    if until is None or until <= turn.now or not reason:
        raise Refused("hold/until_when", about_number=issue.number)
    if until > last:
        raise Refused("hold/too_long", about_number=issue.number, last=last)
    ensure_taken(turn, issue, own)
    approver = choose(
        turn.session,
        turn.serving(),
        rungs=above(own.role),
        category=issue.category,
        where=turn.area(issue),
        against=tuple(filter(None, issue.against.split(","))),
        without=(own.person_id,),
    )
    if approver is None:
        raise Refused("hold/nobody", about_number=issue.number)
    asked = open_hold(turn, issue)
    if asked is not None:
        asked.decided_at, asked.approved = turn.now, False
        turn.session.flush()
        stop(turn.session, issue, turn.now, Due.HOLD_APPROVAL)
    turn.session.add(
        Hold(
            id=new_id(),
            community_id=issue.community_id,
            issue_id=issue.id,
            asked_by=own.person_id,
            asked_at=turn.now,
            approver_id=approver.who.person_id,
            until=until,
            reason=reason,
        )
    )
    start(turn.session, issue, Due.HOLD_APPROVAL, limit_from(turn.now, turn.world.rules.hold_approval))
    record(turn.session, issue, turn.now, "hold_asked", role=own.role, person_id=own.person_id, detail=reason)
    turn.tell(approver.who, "hold/approve", about=issue, until=until, reason=reason, by=turn.called(own.role))
    return turn.whisper("hold/asked", about=issue, role=ROLE_NAMES[approver.who.role], until=until)


def _reason(rest: str) -> str:
    """What follows the day."""
    words = rest.strip().split(maxsplit=1)
    if len(words) == 2:
        return words[1].strip()
    match = re.match(r"^(?:到|至)?\s*(?:\d{4}年)?\d{1,2}[月./-]\d{1,2}[日号]?", rest.strip())
    return rest.strip()[match.end() :].strip(" ,，:：") if match else ""


def open_hold(turn: Turn, issue: Issue) -> Hold | None:
    """The request that waits for an answer."""
    return turn.session.scalars(
        select(Hold).where(Hold.issue_id == issue.id, Hold.decided_at.is_(None))
    ).first()


def _asked(turn: Turn) -> tuple[Issue, Hold]:
    """The request meant by 同意挂账: numbered, quoted, or the only one waiting for this person; only who is
    above may answer."""
    said = named(turn)
    if said:
        request = open_hold(turn, said[0])
        if request is None:
            raise Refused("hold/not_asked", about_number=said[0].number)
        return _above(turn, said[0], request)
    mine = turn.session.scalars(
        select(Hold).where(
            Hold.approver_id == (turn.person.id if turn.person else 0), Hold.decided_at.is_(None)
        )
    ).all()
    if len(mine) != 1:
        raise Refused("hold/which")
    return _above(turn, turn.session.get_one(Issue, mine[0].issue_id), mine[0])


def _above(turn: Turn, issue: Issue, request: Hold) -> tuple[Issue, Hold]:
    """Checked at the moment of acting: the request still stands, and the speaker still is above whoever
    asked."""
    if not issue.live or all(
        a.person_id != request.asked_by for a in active_assignments(turn.session, issue)
    ):
        raise Refused("hold/not_asked", about_number=issue.number)
    turn.acting((Role.SECRETARY, Role.STREET_OFFICER, Role.GRID_MEMBER), issue)
    if turn.person is not None and turn.person.id == request.asked_by:
        raise Refused("hold/own", about_number=issue.number)
    return issue, request


@router.command("approve_hold")
def approve(turn: Turn) -> Reply:
    """同意挂账 17."""
    issue, request = _asked(turn)
    request.decided_at, request.approved = turn.now, True
    issue.held_until = request.until
    stop(turn.session, issue, turn.now, Due.HOLD_APPROVAL, Due.RESOLVE)
    start(turn.session, issue, Due.HOLD, request.until)
    record(
        turn.session,
        issue,
        turn.now,
        "held",
        person_id=turn.person.id if turn.person else None,
        detail=request.reason,
        until=request.until.isoformat(),
    )
    turn.tell(request.asked_by, "hold/approved", about=issue, until=request.until)
    tell_backers(turn, issue, "reporter/held", until=request.until, reason=request.reason)
    return turn.whisper("hold/you_approved", about=issue, until=request.until)


@router.command("decline_hold")
def decline(turn: Turn) -> Reply:
    """不同意挂账 17."""
    issue, request = _asked(turn)
    _declined(turn, issue, request)
    return turn.whisper("hold/you_declined", about=issue)


def _declined(turn: Turn, issue: Issue, request: Hold) -> None:
    request.decided_at, request.approved = turn.now, False
    stop(turn.session, issue, turn.now, Due.HOLD_APPROVAL)
    record(turn.session, issue, turn.now, "hold_declined")
    turn.tell(request.asked_by, "hold/declined", about=issue)


@router.due("hold_approval")
def unanswered(turn: Turn, issue: Issue, _deadline: Deadline) -> None:
    """No answer is no: the clock for the work never stopped."""
    request = open_hold(turn, issue)
    if request is not None:
        _declined(turn, issue, request)


@router.due("hold")
def over(turn: Turn, issue: Issue, _deadline: Deadline) -> None:
    """The day has come: the clock for the work runs again."""
    stop(turn.session, issue, turn.now, Due.HOLD, met=True)
    issue.held_until = None
    if not issue.live:
        return
    record(turn.session, issue, turn.now, "hold_over")
    start(turn.session, issue, Due.RESOLVE, limit_from(turn.now, turn.world.rules.resolve[issue.urgency]))
    for assignment in active_assignments(turn.session, issue):
        if assignment.holder:
            turn.tell(assignment.person_id, "hold/over", about=issue, reminder=True)
