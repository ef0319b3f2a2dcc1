"""The residents' word on finished work: 已解决, 没修好, 评价, and what silence means."""

from __future__ import annotations

from datetime import timedelta

from bot.turns import meant
from bot.turns.message import Overheard, Refused, Reply
from bot.turns.router import Router
from bot.turns.turn import Turn
from handlers.chat.issues.assign import hand_out
from handlers.chat.issues.issue import (
    acknowledge,
    backed,
    in_hand,
    journey,
    own_backing,
    tell_backers,
    visible,
)
from handlers.chat.issues.work import ask_for_rating, finished
from models.issues.find.hands import last_holder, worked_on
from models.issues.find.rows import question_delivered
from models.issues.rules import ISSUE, Due, Status
from models.issues.steps import backing
from models.issues.steps.backing import add_photos
from models.issues.tables import Endorsement, Issue
from models.people.rules import ROLE_NAMES
from models.things.tables import Deadline

router = Router()


def backing_of(turn: Turn, issue: Issue) -> Endorsement:
    """The speaker's own row behind the issue; raises `Refused` for somebody who never reported or endorsed
    it."""
    own = own_backing(turn, issue)
    if own is None:
        if not visible(turn, issue):
            # That there is such a number is no more theirs to know than what it says.
            raise meant.unknown(issue.number)
        raise Refused("verdict/not_backer", about_number=issue.number)
    if turn.person is not None and not own.first and worked_on(turn.session, issue, turn.person.id):
        # Nobody judges their own work.
        raise Refused("verdict/own_work", about_number=issue.number)
    return own


@router.command_on(ISSUE, "confirm", among=backed(Status.RESOLVED))
def confirm(turn: Turn, issue: Issue) -> Reply:
    """已解决 17."""
    backing_of(turn, issue)
    if issue.status is Status.CLOSED:
        return turn.whisper("verdict/closed_already", about=issue)
    if issue.status is not Status.RESOLVED:
        raise Refused("verdict/not_resolved", about_number=issue.number)
    holder = last_holder(turn.session, issue)
    if holder is not None:
        turn.tell(holder.person_id, "task/confirmed", about=issue)
    journey(turn, issue).close("confirmed", turn.title(issue))
    ask_for_rating(turn, issue)
    return acknowledge(turn, issue, "verdict/thanks")


@router.command_on(ISSUE, "contest", among=backed(Status.RESOLVED, Status.CLOSED))
def contest(turn: Turn, issue: Issue) -> Reply:
    """没修好 17 原因: back to its holder as accepted, and the clock starts again."""
    return reopened(turn, issue, turn.command.rest)


def reopened(turn: Turn, issue: Issue, words: str) -> Reply:
    """The work is not done after all."""
    backing_of(turn, issue)
    if issue.live:
        return acknowledge(turn, issue, "verdict/still_open")
    days = turn.world.rules.contest_days
    if issue.status not in (Status.RESOLVED, Status.CLOSED):
        raise Refused("verdict/ended", about_number=issue.number)
    if issue.status is Status.CLOSED and turn.now - issue.changed_at > timedelta(days=days):
        raise Refused("verdict/too_late", about_number=issue.number, days=days)
    way = journey(turn, issue)
    add_photos(way, turn.photos, identity_id=turn.identity.id, by_officer=False)
    had = last_holder(turn.session, issue)
    present = had is not None and any(s.person_id == had.person_id and not s.absent for s in turn.serving())
    holder = way.contest(words, present=present)
    if holder is None:
        hand_out(turn, issue)
    else:
        turn.tell(holder.person_id, "task/contested", about=issue, words=words)
    return acknowledge(turn, issue, "verdict/reopened")


@router.command_on(ISSUE, "rate", among=backed(Status.CLOSED, Status.RESOLVED))
def rate(turn: Turn, issue: Issue) -> Reply:
    """评价 17 5 说明."""
    score, remark = parse_score(turn)
    own = backing_of(turn, issue)
    if issue.status not in (Status.CLOSED, Status.RESOLVED):
        raise Refused("verdict/rate_later", about_number=issue.number)
    backing.rate(own, score, remark, turn.now)
    return turn.whisper("verdict/rated", about=issue, score=score)


def parse_score(turn: Turn) -> tuple[int, str]:
    """1 to 5 and what follows; 「评价 17 5」 and 「评价 17 5分 很好」; raises `Refused` with an example."""
    rest = turn.command.rest.strip()
    head = rest[:1].translate(str.maketrans("一二三四五", "12345"))
    tail = rest[1:].lstrip("分星 ,，")
    if head not in {"1", "2", "3", "4", "5"} or rest[1:2].isdigit():
        number = turn.command.numbers[0] if turn.command.numbers else 17
        raise Overheard("verdict/score_what", about_number=number)
    return int(head), tail


@router.command("done")
def good(turn: Turn) -> Reply | None:
    """「好了」: from whoever has the task it is done; from whoever was asked it is confirmed; from anybody
    else it is chatter."""
    if named := meant.named(turn, "done", ISSUE):
        issue = named[0]
        me = turn.person.id if turn.person is not None else None
        holds = issue.live and any(a.person_id == me for a in journey(turn, issue).hands())
        return finished(turn, issue) if holds else confirm(turn, issue)
    if turn.inbound.direct and turn.posts() and (tasks := in_hand(Status.ACCEPTED, accepted=True)(turn)):
        return finished(turn, meant.only(turn, "resolve", tasks))
    asked = backed(Status.RESOLVED)(turn)
    if len(asked) == 1 or (asked and turn.inbound.direct):
        return confirm(turn, meant.only(turn, "confirm", asked))
    return None


@router.intent("confirm", of=ISSUE)
def confirm_in_words(turn: Turn) -> Reply | None:
    """「修好了，谢谢」 without a command: counts when it can only mean one thing."""
    asked = backed(Status.RESOLVED)(turn)
    quoted = meant.quoted(turn)
    if quoted in asked:
        return confirm(turn, quoted)
    return confirm(turn, asked[0]) if len(asked) == 1 else None


@router.intent("contest", of=ISSUE)
def contest_in_words(turn: Turn) -> Reply | None:
    """「那个电梯还是不行」 without a number: the one of theirs that fits the spot, or the only one."""
    quoted = meant.quoted(turn)
    limit = timedelta(days=turn.world.rules.contest_days)
    own = backed(Status.RESOLVED, Status.CLOSED)(turn)
    recent = [i for i in own if turn.now - i.changed_at <= limit]
    spot = turn.reading.place.spot
    fitting = [i for i in recent if spot and (i.spot == spot or spot in turn.title(i))] or recent
    issue = quoted if quoted in recent else fitting[0] if len(fitting) == 1 else None
    return reopened(turn, issue, turn.reading.text) if issue is not None else None


@router.due(Due.CONFIRM)
def silence(turn: Turn, issue: Issue, _deadline: Deadline) -> None:
    """Nobody said anything: closed, unless the question reached nobody; then somebody visits."""
    way = journey(turn, issue)
    if issue.status is not Status.RESOLVED:
        way.stop(Due.CONFIRM)
    elif question_delivered(turn.session, issue, turn.world.silent):
        way.close("closed_silent", turn.title(issue), met=None)
        days = turn.world.rules.contest_days
        tell_backers(turn, issue, "reporter/closed_silent", reminder=True, days=days)
    else:
        way.not_reached()
        _ask_for_visit(turn, issue)


@router.due(Due.VISIT)
def visit_overdue(turn: Turn, issue: Issue, _deadline: Deadline) -> None:
    """The visit did not happen in time: once more, to whoever had it."""
    journey(turn, issue).visit_late()
    if issue.status is Status.RESOLVED:
        _ask_for_visit(turn, issue)


def _ask_for_visit(turn: Turn, issue: Issue) -> None:
    holder = last_holder(turn.session, issue)
    if holder is not None:
        role = ROLE_NAMES[holder.role]
        turn.tell(holder.person_id, "task/visit", about=issue, reminder=True, role=role)
