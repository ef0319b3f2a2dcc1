"""挂账 17 到12月20日 等配件: waiting is said openly and approved one rung up, instead of tempting anybody to
report 完成."""

from __future__ import annotations

import re
from datetime import timedelta

from bot.language import parse_until
from bot.turns import meant
from bot.turns.message import Refused, Reply
from bot.turns.router import Router
from bot.turns.turn import Turn
from handlers.chat.issues.assign import whom
from handlers.chat.issues.issue import in_hand, journey, tell_backers
from handlers.chat.issues.work import ensure_taken, working
from models.issues.find.rows import holds_for, open_hold
from models.issues.rules import ISSUE, Due, Urgency
from models.issues.steps import holds
from models.issues.tables import Hold, Issue
from models.people.rules import ROLE_NAMES, Role, Serving, above
from models.things.tables import Deadline

router = Router()


@router.command_on(ISSUE, "hold", among=in_hand())
def hold(turn: Turn, issue: Issue) -> Reply:
    """Ask to wait until a day."""
    own = working(turn, issue)
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
    approver = whom(turn, issue, above(own.role), {own.person_id})
    if approver is None:
        raise Refused("hold/nobody", about_number=issue.number)
    holds.ask(journey(turn, issue), own, approver.who.person_id, until, reason)
    by = turn.called(own.role)
    turn.tell(approver.who, "hold/approve", about=issue, until=until, reason=reason, by=by)
    return turn.whisper("hold/asked", about=issue, role=ROLE_NAMES[approver.who.role], until=until)


def _reason(rest: str) -> str:
    """What follows the day."""
    words = rest.strip().split(maxsplit=1)
    if len(words) == 2:
        return words[1].strip()
    match = re.match(r"^(?:到|至)?\s*(?:\d{4}年)?\d{1,2}[月./-]\d{1,2}[日号]?", rest.strip())
    return rest.strip()[match.end() :].strip(" ,，:：") if match else ""


def _asked(turn: Turn) -> tuple[Issue, Hold, Serving]:
    """The request meant by 同意挂账 (numbered, quoted, or the only one waiting for this person) and the post
    above whoever asked; raises `Refused`."""
    named = meant.named(turn, turn.command.verb, ISSUE)
    if named:
        request = open_hold(turn.session, named[0])
        if request is None:
            raise Refused("hold/not_asked", about_number=named[0].number)
    else:
        mine = holds_for(turn.session, turn.person.id) if turn.person else []
        if len(mine) != 1:
            raise Refused("hold/which")
        request = mine[0]
    issue = named[0] if named else turn.session.get_one(Issue, request.issue_id)
    # Checked at the moment of acting: the request still stands, and the speaker still is above whoever asked.
    still = issue.live and any(a.person_id == request.asked_by for a in journey(turn, issue).hands())
    if not still:
        raise Refused("hold/not_asked", about_number=issue.number)
    post = turn.acting((Role.SECRETARY, Role.STREET_OFFICER, Role.GRID_MEMBER), issue)
    if post.person_id == request.asked_by:
        raise Refused("hold/own", about_number=issue.number)
    return issue, request, post


@router.command("approve_hold")
def approve(turn: Turn) -> Reply:
    """同意挂账 17."""
    issue, request, post = _asked(turn)
    holds.approve(journey(turn, issue), request, post)
    turn.tell(request.asked_by, "hold/approved", about=issue, until=request.until)
    tell_backers(turn, issue, "reporter/held", until=request.until, reason=request.reason)
    return turn.whisper("hold/you_approved", about=issue, until=request.until)


@router.command("decline_hold")
def decline(turn: Turn) -> Reply:
    """不同意挂账 17."""
    issue, request, _post = _asked(turn)
    _declined(turn, issue, request)
    return turn.whisper("hold/you_declined", about=issue)


def _declined(turn: Turn, issue: Issue, request: Hold) -> None:
    holds.decline(journey(turn, issue), request)
    turn.tell(request.asked_by, "hold/declined", about=issue)


@router.due(Due.HOLD_APPROVAL)
def unanswered(turn: Turn, issue: Issue, _deadline: Deadline) -> None:
    """No answer is no: the clock for the work never stopped."""
    request = open_hold(turn.session, issue)
    if request is not None:
        _declined(turn, issue, request)


@router.due(Due.HOLD)
def over(turn: Turn, issue: Issue, _deadline: Deadline) -> None:
    """The day has come: the clock for the work runs again."""
    holds.over(journey(turn, issue))
    holder = journey(turn, issue).holder() if issue.live else None
    if holder is not None:
        turn.tell(holder.person_id, "hold/over", about=issue, reminder=True)
