"""What whoever has a task does with it: 接单, 进展, 完成, 已上门, 我的任务."""

from __future__ import annotations

from typing import Any

from bot.turns.message import Refused, Reply
from bot.turns.router import Router
from bot.turns.turn import Turn
from handlers.chat.issues.assign import task_values
from handlers.chat.issues.issue import in_hand, journey, tell_backers
from models.issues.find.hands import held_by
from models.issues.find.rows import backers, question_delivered
from models.issues.rules import ISSUE, LIVE, Due, Status
from models.issues.steps.backing import add_photos
from models.issues.tables import Assignment, Issue
from models.people.rules import HANDLERS, ROLE_NAMES, Role
from models.things.find import running

router = Router()

#: Over the captain, who may take or finish anything in their area.
OVERSEERS = (Role.GRID_MEMBER, Role.SECRETARY, Role.STREET_OFFICER)
#: Who comes when called (转派, 吹哨, an emergency's push) and does not help themselves to other people's tasks.
CALLED = frozenset({Role.DEPARTMENT_OFFICER, Role.PROPERTY_OFFICER})
#: How many tasks one message lists.
LISTED = 20


def must_be_live(issue: Issue) -> None:
    """Raises `Refused` with what became of it."""
    if issue.status not in LIVE:
        raise Refused(f"task/already_{issue.status.value}", about_number=issue.number)


def working(turn: Turn, issue: Issue, *, accepting: bool = False) -> Assignment:
    """The speaker's own assignment of a live issue; whoever serves the place may step in, and gets one.
    Raises `Refused`."""
    must_be_live(issue)
    way = journey(turn, issue)
    active, roles = way.hands(), {post.role for post in turn.posts()}
    own = next((a for a in active if turn.person is not None and a.person_id == turn.person.id), None)
    if own is not None and own.role in roles:
        return own
    holder = next((a for a in active if a.holder), None)
    holds = ROLE_NAMES[holder.role if holder else Role.SECRETARY]
    if roles and roles <= CALLED:
        raise Refused("task/not_yours", about_number=issue.number, role=holds)
    post = turn.acting([role for role in HANDLERS if role not in CALLED], issue)
    taken = holder is not None and holder.accepted_at is not None
    if not accepting and taken and post.role not in OVERSEERS:
        raise Refused("task/not_yours", about_number=issue.number, role=holds)
    return way.step_in(post)


@router.command_on(ISSUE, "accept", among=in_hand(accepted=False))
def accept(turn: Turn, issue: Issue) -> Reply:
    """接单 17."""
    own = working(turn, issue, accepting=True)
    if own.holder and own.accepted_at is not None:
        return turn.whisper("task/yours_already", about=issue)
    holder = journey(turn, issue).holder()
    taken = holder is not None and holder.id != own.id and holder.accepted_at is not None
    if holder is not None and taken and own.role not in OVERSEERS:
        raise Refused("task/taken", about_number=issue.number, role=ROLE_NAMES[holder.role])
    _told_taken(turn, issue, own, journey(turn, issue).take(own))
    tell_backers(turn, issue, "reporter/accepted", role=ROLE_NAMES[own.role])
    due = min(d.due_at for d in running(turn.session, issue.id, Due.RESOLVE))
    return turn.whisper("task/accepted", about=issue, due=due, **task_values(turn, issue))


def ensure_taken(turn: Turn, issue: Issue, own: Assignment) -> None:
    """Working on it is accepting it; whoever had it is told."""
    _told_taken(turn, issue, own, journey(turn, issue).ensure_taken(own))


def _told_taken(turn: Turn, issue: Issue, own: Assignment, ended: list[Assignment]) -> None:
    for other in ended:
        turn.tell(other.person_id, "task/taken_by", about=issue, by=turn.called(own.role))


@router.command_on(ISSUE, "note", among=in_hand())
def note(turn: Turn, issue: Issue) -> Reply:
    """进展 17 内容: a word or a photo on the way."""
    words = turn.command.rest
    if not words and not turn.photos:
        raise Refused("task/note_what", about_number=issue.number)
    own = working(turn, issue)
    if not beside(turn, issue, own):
        ensure_taken(turn, issue, own)
    elif own.why.get("own"):
        journey(turn, issue).step_out(own)
    _noted(turn, issue, own)
    tell_backers(turn, issue, "reporter/noted", role=ROLE_NAMES[own.role], words=words)
    return turn.whisper("task/noted", about=issue, photos=len(turn.photos))


def _noted(turn: Turn, issue: Issue, own: Assignment) -> None:
    way = journey(turn, issue)
    add_photos(way, turn.photos, identity_id=turn.identity.id, by_officer=True)
    way.record("noted", by=own, detail=turn.command.rest)


def beside(turn: Turn, issue: Issue, own: Assignment) -> bool:
    """Somebody else has accepted it, or leads the whistle: this one helps, and takes nothing out of their
    hands."""
    lead = next((a for a in journey(turn, issue).hands() if a.holder and a.id != own.id), None)
    taken = lead is not None and (lead.accepted_at is not None or bool(own.why.get("whistle")))
    return not own.holder and taken


@router.command_on(ISSUE, "resolve", among=in_hand(), several=True)
def resolve(turn: Turn, issues: list[Issue]) -> Reply:
    """完成 17 [18 21] 说明."""
    checked = [(issue, working(turn, issue)) for issue in issues]
    if len(checked) == 1 and checked[0][1].why.get("whistle") and beside(turn, *checked[0]):
        return helped(turn, *checked[0])
    for issue, own in checked:
        _done(turn, issue, own, turn.command.rest)
    if len(issues) == 1:
        return turn.whisper("task/resolved", about=issues[0], photos=len(turn.photos))
    return turn.whisper("task/resolved_several", numbers=[i.number for i in issues])


def helped(turn: Turn, issue: Issue, own: Assignment) -> Reply:
    """A department that was called beside the leading one has done its part: the leading one is told, and
    ends it."""
    _noted(turn, issue, own)
    lead = journey(turn, issue).holder()
    if lead is not None:
        words = turn.command.rest
        turn.tell(lead.person_id, "whistle/part_done", about=issue, department=own.department, words=words)
    return turn.whisper("whistle/part_noted", about=issue)


def finished(turn: Turn, issue: Issue) -> Reply:
    """「好了」 from whoever has the task."""
    _done(turn, issue, working(turn, issue), "")
    return turn.whisper("task/resolved", about=issue, photos=len(turn.photos))


def _done(turn: Turn, issue: Issue, own: Assignment, words: str) -> None:
    """Done in the handler's eyes: everybody behind it is asked; the question's clock runs."""
    ensure_taken(turn, issue, own)
    way = journey(turn, issue)
    add_photos(way, turn.photos, identity_id=turn.identity.id, by_officer=True)
    way.resolve(own, words)
    days = turn.world.rules.confirm.days
    tell_backers(turn, issue, "reporter/resolved", role=ROLE_NAMES[own.role], words=words, days=days)


@router.command_on(ISSUE, "visited", among=in_hand(Status.RESOLVED))
def visited(turn: Turn, issue: Issue) -> Reply:
    """已上门 17: the reporter whom no question reached was asked at the door."""
    post = turn.acting(HANDLERS, issue)
    if issue.status is not Status.RESOLVED:
        raise Refused("task/not_resolved", about_number=issue.number)
    if not running(turn.session, issue.id, Due.VISIT) and question_delivered(
        turn.session, issue, turn.world.silent
    ):
        # Whom the question reached answers for themselves; only at the door of the others may an officer say it.
        raise Refused("task/asked_already", about_number=issue.number)
    journey(turn, issue).close("visited", turn.title(issue), by=post, detail=turn.command.rest)
    ask_for_rating(turn, issue)
    return turn.whisper("task/visited", about=issue)


def ask_for_rating(turn: Turn, issue: Issue) -> None:
    """The others behind a closed issue are asked for their rating (who confirms is asked in the answer)."""
    for backing in backers(turn.session, issue):
        if backing.identity_id != turn.speaker_id and backing.score is None:
            turn.tell_identity(backing.identity_id, "reporter/rate", about=issue)


@router.command("tasks")
def tasks(turn: Turn) -> Reply:
    """我的任务."""
    turn.acting(HANDLERS)
    held = held_by(turn.session, turn.person.id, turn.community.id) if turn.person else []
    rows = [task_row(turn, issue, assignment) for issue, assignment in held[:LISTED]]
    return turn.whisper("task/list", rows=rows, more=max(0, len(held) - LISTED))


def task_row(turn: Turn, issue: Issue, assignment: Assignment) -> dict[str, Any]:
    """One line of 我的任务 and of the digest."""
    clocks = running(turn.session, issue.id, Due.ACCEPT, Due.RESOLVE)
    return {
        "number": issue.number,
        "title": turn.title(issue),
        "accepted": assignment.accepted_at is not None,
        "held": issue.held_until,
        "due": min((d.due_at for d in clocks if d.missed_at is None), default=None),
        "late": any(d.missed_at is not None for d in clocks),
    }
