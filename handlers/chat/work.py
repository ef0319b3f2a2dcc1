"""What whoever has a task does with it: 接单, 进展, 完成, 已上门, 我的任务."""

from __future__ import annotations

from typing import Any

from bot.message import Refused, Reply
from bot.router import Router
from bot.turn import Turn
from handlers.chat.assign import task_values
from handlers.chat.closing import close
from handlers.chat.number import in_hand
from models.base import new_id
from models.deadlines import Due
from models.issues import LIVE, Assignment, Issue, Status
from models.journey import (
    active_assignments,
    add_photos,
    backers,
    end_hold,
    held_by,
    limit_from,
    question_delivered,
    record,
    running,
    start,
    stop,
    take,
)
from models.people import ROLE_NAMES, Role
from models.routing import HANDLERS, Serving

router = Router()

#: Over the captain, who may take or finish anything in their area.
OVERSEERS = (Role.GRID_MEMBER, Role.SECRETARY, Role.STREET_OFFICER)
#: Who comes when called (转派, 吹哨, an emergency's push) and does not help themselves to other people's
#: tasks.
CALLED = frozenset({Role.DEPARTMENT_OFFICER, Role.PROPERTY_OFFICER})


def working(turn: Turn, issue: Issue, verb: str) -> Assignment:
    """The speaker's own assignment of a live issue; whoever serves the place may step in, and gets one.
    Raises `Refused`."""
    if issue.status not in LIVE:
        raise Refused(f"task/already_{issue.status.value}", about_number=issue.number)
    active = active_assignments(turn.session, issue)
    own = next((a for a in active if turn.person is not None and a.person_id == turn.person.id), None)
    if own is not None and any(post.role is own.role for post in turn.posts()):
        return own
    holder = next((a for a in active if a.holder), None)
    mine = {post.role for post in turn.posts()}
    if mine and mine <= CALLED:
        raise Refused(
            "task/not_yours",
            about_number=issue.number,
            role=ROLE_NAMES[holder.role if holder else Role.SECRETARY],
        )
    post = turn.acting([role for role in HANDLERS if role not in CALLED], issue)
    if (
        verb != "accept"
        and holder is not None
        and holder.accepted_at is not None
        and post.role not in OVERSEERS
    ):
        raise Refused("task/not_yours", about_number=issue.number, role=ROLE_NAMES[holder.role])
    return stepped_in(turn, issue, post)


def stepped_in(turn: Turn, issue: Issue, post: Serving) -> Assignment:
    """Somebody who serves the place takes an issue that was not offered to them."""
    own = Assignment(
        id=new_id(),
        community_id=issue.community_id,
        issue_id=issue.id,
        person_id=post.person_id,
        role=post.role,
        department=post.department,
        holder=False,
        given_at=turn.now,
        why={"role": post.role.value, "own": True},
    )
    turn.session.add(own)
    turn.session.flush()
    return own


@router.command("accept")
def accept(turn: Turn) -> Reply:
    """接单 17."""
    issue = in_hand(turn, "accept", accepted=False)[0]
    own = working(turn, issue, "accept")
    if own.holder and own.accepted_at is not None:
        return turn.whisper("task/yours_already", about=issue)
    holder = next((a for a in active_assignments(turn.session, issue) if a.holder), None)
    if (
        holder is not None
        and holder.id != own.id
        and holder.accepted_at is not None
        and own.role not in OVERSEERS
    ):
        raise Refused("task/taken", about_number=issue.number, role=ROLE_NAMES[holder.role])
    for other in take(turn.session, turn.world.rules, issue, own, turn.now):
        turn.tell(other.person_id, "task/taken_by", about=issue, by=turn.called(own.role))
    tell_backers(turn, issue, "reporter/accepted", role=ROLE_NAMES[own.role])
    due = running(turn.session, issue, Due.RESOLVE)
    return turn.whisper(
        "task/accepted", about=issue, due=min(d.due_at for d in due), **task_values(turn, issue)
    )


@router.command("note")
def note(turn: Turn) -> Reply:
    """进展 17 内容: a word or a photo on the way."""
    issue = in_hand(turn, "note")[0]
    if not turn.command.rest and not turn.photos:
        raise Refused("task/note_what", about_number=issue.number)
    own = working(turn, issue, "note")
    if not beside(turn, issue, own):
        ensure_taken(turn, issue, own)
    elif own.why.get("own"):
        own.ended_at = turn.now
    add_photos(turn.session, issue, turn.photos, turn.now, identity_id=turn.identity.id, by_officer=True)
    record(
        turn.session,
        issue,
        turn.now,
        "noted",
        role=own.role,
        person_id=own.person_id,
        detail=turn.command.rest,
    )
    tell_backers(turn, issue, "reporter/noted", role=ROLE_NAMES[own.role], words=turn.command.rest)
    return turn.whisper("task/noted", about=issue, photos=len(turn.photos))


def ensure_taken(turn: Turn, issue: Issue, own: Assignment) -> None:
    """Working on it is accepting it; whoever had it is told."""
    if not (own.holder and own.accepted_at is not None):
        for other in take(turn.session, turn.world.rules, issue, own, turn.now):
            turn.tell(other.person_id, "task/taken_by", about=issue, by=turn.called(own.role))


def beside(turn: Turn, issue: Issue, own: Assignment) -> bool:
    """Somebody else has accepted it, or leads the whistle: this one helps, and takes nothing out of their
    hands."""
    lead = next((a for a in active_assignments(turn.session, issue) if a.holder and a.id != own.id), None)
    return (
        not own.holder and lead is not None and (lead.accepted_at is not None or bool(own.why.get("whistle")))
    )


@router.command("resolve")
def resolve(turn: Turn) -> Reply:
    """完成 17 [18 21] 说明."""
    issues = in_hand(turn, "resolve")
    checked = [(issue, working(turn, issue, "resolve")) for issue in issues]
    if len(checked) == 1 and checked[0][1].why.get("whistle") and beside(turn, *checked[0]):
        return helped(turn, *checked[0])
    for issue, own in checked:
        done(turn, issue, own, turn.command.rest)
    if len(issues) == 1:
        return turn.whisper("task/resolved", about=issues[0], photos=len(turn.photos))
    return turn.whisper("task/resolved_several", numbers=[i.number for i in issues])


def helped(turn: Turn, issue: Issue, own: Assignment) -> Reply:
    """A department that was called beside the leading one has done its part: the leading one is told, and
    ends it."""
    add_photos(turn.session, issue, turn.photos, turn.now, identity_id=turn.identity.id, by_officer=True)
    record(
        turn.session,
        issue,
        turn.now,
        "noted",
        role=own.role,
        person_id=own.person_id,
        detail=turn.command.rest,
    )
    for lead in active_assignments(turn.session, issue):
        if lead.holder:
            turn.tell(
                lead.person_id,
                "whistle/part_done",
                about=issue,
                department=own.department,
                words=turn.command.rest,
            )
    return turn.whisper("whistle/part_noted", about=issue)


def done(turn: Turn, issue: Issue, own: Assignment, words: str) -> None:
    """Done in the handler's eyes: everybody behind it is asked; the question's clock runs."""
    ensure_taken(turn, issue, own)
    add_photos(turn.session, issue, turn.photos, turn.now, identity_id=turn.identity.id, by_officer=True)
    stop(turn.session, issue, turn.now, Due.RESOLVE, met=True)
    end_hold(turn.session, issue, turn.now)
    issue.move_to(Status.RESOLVED, turn.now)
    record(turn.session, issue, turn.now, "resolved", role=own.role, person_id=own.person_id, detail=words)
    start(
        turn.session, issue, Due.CONFIRM, limit_from(turn.now, turn.world.rules.confirm), assignment_id=own.id
    )
    tell_backers(
        turn,
        issue,
        "reporter/resolved",
        role=ROLE_NAMES[own.role],
        words=words,
        days=turn.world.rules.confirm.days,
    )


@router.command("visited")
def visited(turn: Turn) -> Reply:
    """已上门 17: the reporter whom no question reached was asked at the door."""
    issue = in_hand(turn, "visited", (Status.RESOLVED,))[0]
    post = turn.acting(HANDLERS, issue)
    if issue.status is not Status.RESOLVED:
        raise Refused("task/not_resolved", about_number=issue.number)
    if not running(turn.session, issue, Due.VISIT) and question_delivered(
        turn.session, issue, turn.world.silent
    ):
        # Whom the question reached answers for themselves; only at the door of the others may an officer say
        # it.
        raise Refused("task/asked_already", about_number=issue.number)
    stop(turn.session, issue, turn.now, Due.VISIT, Due.CONFIRM, met=True)
    record(
        turn.session,
        issue,
        turn.now,
        "visited",
        role=post.role,
        person_id=post.person_id,
        detail=turn.command.rest,
    )
    close(turn, issue)
    return turn.whisper("task/visited", about=issue)


@router.command("tasks")
def tasks(turn: Turn) -> Reply:
    """我的任务."""
    turn.acting(HANDLERS)
    rows = held_by(turn.session, turn.community.id, turn.person.id) if turn.person else []
    return turn.whisper(
        "task/list",
        rows=[task_row(turn, issue, assignment) for issue, assignment in rows[:20]],
        more=max(0, len(rows) - 20),
    )


def task_row(turn: Turn, issue: Issue, assignment: Assignment) -> dict[str, Any]:
    """One line of 我的任务 and of the digest."""
    due = [d for d in running(turn.session, issue, Due.ACCEPT, Due.RESOLVE) if d.missed_at is None]
    return {
        "number": issue.number,
        "title": turn.title(issue),
        "accepted": assignment.accepted_at is not None,
        "held": issue.held_until,
        "due": min((d.due_at for d in due), default=None),
        "late": any(d.missed_at is not None for d in running(turn.session, issue, Due.ACCEPT, Due.RESOLVE)),
    }


def tell_backers(turn: Turn, issue: Issue, key: str, *, reminder: bool = False, **values: Any) -> None:
    """Tell everybody who reported or endorsed it, in their direct chats."""
    for backing in backers(turn.session, issue):
        if backing.identity_id != turn.speaker_id:
            turn.tell_identity(backing.identity_id, key, about=issue, reminder=reminder, **values)
