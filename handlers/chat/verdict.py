"""The residents' word on finished work: 已解决, 没修好, 评价, and what silence means."""

from __future__ import annotations

from datetime import timedelta

from bot.message import Refused, Reply
from bot.router import Router
from bot.turn import Turn
from handlers.chat.assign import hand_out
from handlers.chat.closing import close
from handlers.chat.number import in_hand, mine, named, visible
from handlers.chat.report import acknowledge
from handlers.chat.work import done as mark_done
from handlers.chat.work import tell_backers, working
from models.deadlines import Deadline, Due
from models.issues import Endorsement, Issue, Status
from models.journey import (
    active_assignments,
    add_photos,
    backed_by,
    backers,
    last_holder,
    limit_from,
    question_delivered,
    record,
    start,
    stop,
    worked_on,
)
from models.people import ROLE_NAMES

router = Router()


def backing_of(turn: Turn, issue: Issue) -> Endorsement:
    """The speaker's own row behind the issue; raises `Refused` for somebody who never reported or endorsed
    it."""
    own = next((b for b in backers(turn.session, issue) if b.identity_id == turn.identity.id), None)
    if own is None:
        if not visible(turn, issue, backing=False):
            # That there is such a number is no more theirs to know than what it says.
            raise Refused("number/unknown", wanted=issue.number)
        raise Refused("verdict/not_backer", about_number=issue.number)
    if turn.person is not None and not own.first and worked_on(turn.session, issue, turn.person.id):
        # Nobody judges their own work.
        raise Refused("verdict/own_work", about_number=issue.number)
    return own


@router.command("confirm")
def confirm(turn: Turn) -> Reply:
    """已解决 17."""
    issue = mine(turn, "confirm", (Status.RESOLVED,))
    backing_of(turn, issue)
    if issue.status is Status.CLOSED:
        return turn.whisper("verdict/closed_already", about=issue)
    if issue.status is not Status.RESOLVED:
        raise Refused("verdict/not_resolved", about_number=issue.number)
    stop(turn.session, issue, turn.now, Due.CONFIRM, Due.VISIT, met=True)
    record(turn.session, issue, turn.now, "confirmed")
    holder = last_holder(turn.session, issue)
    if holder is not None:
        turn.tell(holder.person_id, "task/confirmed", about=issue)
    close(turn, issue)
    return acknowledge(turn, issue, "verdict/thanks")


@router.command("contest")
def contest(turn: Turn) -> Reply:
    """没修好 17 原因: back to its holder as accepted, and the clock starts again."""
    issue = mine(turn, "contest", (Status.RESOLVED, Status.CLOSED))
    return reopened(turn, issue, turn.command.rest)


def reopened(turn: Turn, issue: Issue, words: str) -> Reply:
    """The work is not done after all."""
    backing_of(turn, issue)
    if issue.live:
        return acknowledge(turn, issue, "verdict/still_open")
    limit = timedelta(days=turn.world.rules.contest_days)
    if issue.status not in (Status.RESOLVED, Status.CLOSED):
        raise Refused("verdict/ended", about_number=issue.number)
    if issue.status is Status.CLOSED and turn.now - issue.changed_at > limit:
        raise Refused("verdict/too_late", about_number=issue.number, days=turn.world.rules.contest_days)
    stop(turn.session, issue, turn.now, Due.CONFIRM, Due.VISIT, met=False)
    add_photos(turn.session, issue, turn.photos, turn.now, identity_id=turn.identity.id, by_officer=False)
    record(turn.session, issue, turn.now, "contested", detail=words)
    holder = last_holder(turn.session, issue)
    if holder is None or not any(s.person_id == holder.person_id and not s.absent for s in turn.serving()):
        issue.move_to(Status.OPEN, turn.now)
        hand_out(turn, issue)
        return acknowledge(turn, issue, "verdict/reopened")
    issue.move_to(Status.ACCEPTED, turn.now)
    holder.ended_at = None
    start(
        turn.session,
        issue,
        Due.RESOLVE,
        limit_from(turn.now, turn.world.rules.resolve[issue.urgency]),
        assignment_id=holder.id,
    )
    turn.tell(holder.person_id, "task/contested", about=issue, words=words)
    return acknowledge(turn, issue, "verdict/reopened")


@router.command("rate")
def rate(turn: Turn) -> Reply:
    """评价 17 5 说明."""
    score, remark = parse_score(turn)
    issue = named(turn)[0] if named(turn) else mine(turn, "rate", (Status.CLOSED, Status.RESOLVED))
    own = backing_of(turn, issue)
    if issue.status not in (Status.CLOSED, Status.RESOLVED):
        raise Refused("verdict/rate_later", about_number=issue.number)
    own.score, own.remark, own.rated_at = score, remark or None, turn.now
    return turn.whisper("verdict/rated", about=issue, score=score)


def parse_score(turn: Turn) -> tuple[int, str]:
    """1 to 5 and what follows; 「评价 17 5」 and 「评价 17 5分 很好」; raises `Refused` with an example."""
    rest = turn.command.rest.strip()
    head = rest[:1].translate(str.maketrans("一二三四五", "12345"))
    tail = rest[1:].lstrip("分星 ,，")
    if head not in {"1", "2", "3", "4", "5"} or rest[1:2].isdigit():
        number = turn.command.numbers[0] if turn.command.numbers else 17
        raise Refused("verdict/score_what", about_number=number)
    return int(head), tail


@router.command("done")
def good(turn: Turn) -> Reply | None:
    """「好了」: from whoever has the task it is done; from whoever was asked it is confirmed; from anybody
    else it is chatter."""
    if (issue := named_or_none(turn)) is not None:
        if (
            turn.person is not None
            and any(a.person_id == turn.person.id for a in active_assignments(turn.session, issue))
            and issue.live
        ):
            mark_done(turn, issue, working(turn, issue, "resolve"), "")
            return turn.whisper("task/resolved", about=issue, photos=len(turn.photos))
        return confirm(turn)
    if turn.inbound.direct and turn.posts() and (own := _tasks(turn)):
        issue = own[0]
        mark_done(turn, issue, working(turn, issue, "resolve"), "")
        return turn.whisper("task/resolved", about=issue, photos=len(turn.photos))
    asked = backed_by(turn.session, turn.community.id, turn.identity.id, (Status.RESOLVED,))
    if len(asked) == 1 or (asked and turn.inbound.direct):
        return confirm(turn)
    return None


def _tasks(turn: Turn) -> list[Issue]:
    try:
        return in_hand(turn, "resolve", (Status.ACCEPTED,), accepted=True)
    except Refused as no:
        if no.key == "number/which":
            raise
        return []


def named_or_none(turn: Turn) -> Issue | None:
    """The issue numbered or quoted, if any."""
    said = named(turn)
    return said[0] if said else None


@router.intent("confirm")
def confirm_in_words(turn: Turn) -> Reply | None:
    """「修好了，谢谢」 without a command: counts when it can only mean one thing."""
    asked = backed_by(turn.session, turn.community.id, turn.identity.id, (Status.RESOLVED,))
    quoted = named_or_none(turn)
    if quoted is not None and quoted in asked:
        asked = [quoted]
    return confirm(turn) if len(asked) == 1 else None


@router.intent("contest")
def contest_in_words(turn: Turn) -> Reply | None:
    """「那个电梯还是不行」 without a number: the one of theirs that fits the spot, or the only one."""
    quoted = named_or_none(turn)
    own = backed_by(turn.session, turn.community.id, turn.identity.id, (Status.RESOLVED, Status.CLOSED))
    recent = [i for i in own if turn.now - i.changed_at <= timedelta(days=turn.world.rules.contest_days)]
    spot = turn.reading.place.spot
    fitting = [i for i in recent if spot and (i.spot == spot or spot in turn.title(i))] or recent
    issue = quoted if quoted in recent else fitting[0] if len(fitting) == 1 else None
    return reopened(turn, issue, turn.reading.text) if issue is not None else None


@router.due("confirm")
def silence(turn: Turn, issue: Issue, _deadline: Deadline) -> None:
    """Nobody said anything: closed, unless the question reached nobody; then somebody visits."""
    if issue.status is not Status.RESOLVED:
        stop(turn.session, issue, turn.now, Due.CONFIRM)
        return
    if question_delivered(turn.session, issue, turn.world.silent):
        stop(turn.session, issue, turn.now, Due.CONFIRM)
        record(turn.session, issue, turn.now, "closed_silent")
        close(turn, issue, ask=False)
        tell_backers(turn, issue, "reporter/closed_silent", reminder=True, days=turn.world.rules.contest_days)
        return
    stop(turn.session, issue, turn.now, Due.CONFIRM, met=False)
    record(turn.session, issue, turn.now, "not_reached")
    start(turn.session, issue, Due.VISIT, limit_from(turn.now, turn.world.rules.visit))
    holder = last_holder(turn.session, issue)
    if holder is not None:
        turn.tell(holder.person_id, "task/visit", about=issue, reminder=True, role=ROLE_NAMES[holder.role])


@router.due("visit")
def visit_overdue(turn: Turn, issue: Issue, _deadline: Deadline) -> None:
    """The visit did not happen in time: once more, to whoever had it."""
    stop(turn.session, issue, turn.now, Due.VISIT, met=False)
    if issue.status is not Status.RESOLVED:
        return
    start(turn.session, issue, Due.VISIT, limit_from(turn.now, turn.world.rules.visit))
    holder = last_holder(turn.session, issue)
    if holder is not None:
        turn.tell(holder.person_id, "task/visit", about=issue, reminder=True, role=ROLE_NAMES[holder.role])
