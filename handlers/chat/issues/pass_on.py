"""It belongs to somebody else: 转派 17 对象 [原因], 退回 17 原因."""

from __future__ import annotations

from bot.language import role_of
from bot.turns.message import Refused, Reply
from bot.turns.router import Router
from bot.turns.turn import Turn
from handlers.chat.issues.assign import Given, escalate, push
from handlers.chat.issues.work import tell_backers, working
from handlers.chat.things.number import in_hand
from models.issues.find.hands import active_assignments, least_loaded
from models.issues.rules import Status
from models.issues.steps import end_assignments, end_hold, record, stop
from models.issues.tables import Assignment, Issue
from models.people.rules import HANDLERS, ROLE_NAMES, Choice, Role, Serving, candidates, posts_of
from models.things.rules import Due

router = Router()


@router.command("transfer")
def transfer(turn: Turn) -> Reply:
    """转派 17 物业 电梯归物业管."""
    issue = in_hand(turn, "transfer")[0]
    own = working(turn, issue, "transfer")
    target, reason = recipient(turn, issue, turn.command.rest)
    if target.person_id == own.person_id and own.holder:
        raise Refused("pass_on/yourself", about_number=issue.number)
    given = hand_over(turn, issue, own, target, reason)
    tell_backers(turn, issue, "reporter/passed_on", role=given.role_name)
    return turn.whisper("pass_on/done", about=issue, to=given.label)


def recipient(turn: Turn, issue: Issue, words: str) -> tuple[Serving, str]:
    """Whom the words name — a post, a department or an officer — and the reason after it; raises `Refused`
    with an example."""
    head, _, reason = words.strip(" :，,").partition(" ")
    if not head:
        raise Refused("pass_on/to_whom", about_number=issue.number)
    everybody = turn.serving()
    against = issue.against.split(",")
    role = role_of(head)
    fitting: list[Serving] = []
    if role is not None and Role(role) in HANDLERS:
        fitting = candidates(everybody, Role(role), category=issue.category, where=turn.area(issue))
    if not fitting:
        fitting = [
            s for s in everybody if s.department and same_department(s.department, head) and not s.absent
        ]
    if not fitting:
        fitting = [
            s
            for s in everybody
            if s.role in HANDLERS
            and not s.absent
            and head in (s.name, s.key, s.name[:1] + ROLE_NAMES[s.role])
        ]
    if not fitting:
        raise Refused("pass_on/nobody", about_number=issue.number, wanted=head)
    who = least_loaded(turn.session, fitting)
    if who.role.value in against:
        raise Refused("pass_on/against", about_number=issue.number, role=ROLE_NAMES[who.role])
    return who, reason.strip()


def same_department(name: str, said: str) -> bool:
    """「城管」 means 「城管中队」."""
    return name == said or name.startswith(said) or (len(name) >= 2 and said.startswith(name))


def hand_over(turn: Turn, issue: Issue, own: Assignment, target: Serving, reason: str) -> Given:
    """From one hand to another: the new holder must accept anew."""
    for ended in end_assignments(turn.session, issue, turn.now):
        if ended.person_id not in (own.person_id, target.person_id):
            turn.tell(ended.person_id, "task/went_up", about=issue, to=target.label)
    stop(turn.session, issue, turn.now, Due.ACCEPT)
    end_hold(turn.session, issue, turn.now)
    if issue.status is Status.ACCEPTED:
        issue.move_to(Status.OPEN, turn.now)
    record(
        turn.session, issue, turn.now, "transferred", role=own.role, person_id=own.person_id, detail=reason
    )
    choice = Choice(
        target, {"role": target.role.value, "transferred_by": own.person_id, "from_role": own.role.value}
    )
    return push(turn, issue, choice, key="task/transferred", by=turn.called(own.role), reason=reason)


@router.command("return")
def give_back(turn: Turn) -> Reply:
    """退回 17 原因: to whoever passed it on, else one rung up."""
    issue = in_hand(turn, "return")[0]
    own = working(turn, issue, "return")
    reason = turn.command.rest
    if not reason:
        raise Refused("pass_on/why", about_number=issue.number)
    others = [a for a in active_assignments(turn.session, issue) if a.id != own.id]
    if not own.holder and others:
        own.ended_at = turn.now
        record(
            turn.session, issue, turn.now, "returned", role=own.role, person_id=own.person_id, detail=reason
        )
        return turn.whisper("pass_on/returned", about=issue, role=ROLE_NAMES[others[0].role])
    record(turn.session, issue, turn.now, "returned", role=own.role, person_id=own.person_id, detail=reason)
    giver = own.why.get("transferred_by")
    back = (
        next((s for s in posts_of(turn.serving(), giver) if s.role in HANDLERS and not s.absent), None)
        if giver
        else None
    )
    given = hand_over(turn, issue, own, back, reason) if back else _up(turn, issue, own)
    if given is None:
        raise Refused("pass_on/nobody_above", about_number=issue.number)
    return turn.whisper("pass_on/returned", about=issue, role=given.role_name)


def _up(turn: Turn, issue: Issue, own: Assignment) -> Given | None:
    if issue.status is Status.ACCEPTED:
        issue.move_to(Status.OPEN, turn.now)
    own.holder = True
    return escalate(turn, issue, own, "returned", tell_before=False)
