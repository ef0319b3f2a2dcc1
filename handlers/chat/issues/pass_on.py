"""It belongs to somebody else: 转派 17 对象 [原因], 退回 17 原因."""

from __future__ import annotations

from bot.language import role_of
from bot.turns.message import Overheard, Reply
from bot.turns.router import Router
from bot.turns.turn import Turn
from handlers.chat.issues.assign import Given, escalate, push
from handlers.chat.issues.issue import in_hand, journey, tell_backers
from handlers.chat.issues.work import working
from models.issues.find.hands import least_loaded
from models.issues.rules import ISSUE
from models.issues.tables import Assignment, Issue
from models.people.rules import HANDLERS, ROLE_NAMES, Choice, Serving, candidates, posts_of

router = Router()


@router.command_on(ISSUE, "transfer", among=in_hand())
def transfer(turn: Turn, issue: Issue) -> Reply:
    """转派 17 物业 电梯归物业管."""
    own = working(turn, issue)
    target, reason = recipient(turn, issue, turn.command.rest)
    if target.person_id == own.person_id and own.holder:
        raise Overheard("pass_on/yourself", about_number=issue.number)
    given = hand_over(turn, issue, own, target, reason)
    tell_backers(turn, issue, "reporter/passed_on", role=given.role_name)
    return turn.whisper("pass_on/done", about=issue, to=given.label)


def recipient(turn: Turn, issue: Issue, words: str) -> tuple[Serving, str]:
    """Whom the words name — a post, a department or an officer — and the reason after it; raises `Refused`
    with an example."""
    head, _, reason = words.strip(" :，,").partition(" ")
    if not head:
        raise Overheard("pass_on/to_whom", about_number=issue.number)
    everybody = turn.serving()
    role = role_of(head)
    fitting: list[Serving] = []
    if role in HANDLERS:
        fitting = candidates(everybody, role, category=issue.category, where=turn.area(issue))
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
        raise Overheard("pass_on/nobody", about_number=issue.number, wanted=head)
    who = least_loaded(turn.session, fitting)
    if who.role in issue.accused:
        raise Overheard("pass_on/against", about_number=issue.number, role=ROLE_NAMES[who.role])
    return who, reason.strip()


def same_department(name: str, said: str) -> bool:
    """「城管」 means 「城管中队」."""
    return name == said or name.startswith(said) or (len(name) >= 2 and said.startswith(name))


def hand_over(turn: Turn, issue: Issue, own: Assignment, target: Serving, reason: str) -> Given:
    """From one hand to another: the new holder must accept anew."""
    for ended in journey(turn, issue).pass_on(own, reason):
        if ended.person_id not in (own.person_id, target.person_id):
            turn.tell(ended.person_id, "task/went_up", about=issue, to=target.label)
    choice = Choice(target, {"role": target.role, "transferred_by": own.person_id, "from_role": own.role})
    return push(turn, issue, choice, key="task/transferred", by=turn.called(own.role), reason=reason)


@router.command_on(ISSUE, "return", among=in_hand())
def give_back(turn: Turn, issue: Issue) -> Reply:
    """退回 17 原因: to whoever passed it on, else one rung up."""
    own = working(turn, issue)
    reason = turn.command.rest
    if not reason:
        raise Overheard("pass_on/why", about_number=issue.number)
    others = journey(turn, issue).give_back(own, reason)
    if others:
        return turn.whisper("pass_on/returned", about=issue, role=ROLE_NAMES[others[0].role])
    giver = own.why.get("transferred_by")
    theirs = posts_of(turn.serving(), giver) if giver else []
    back = next((s for s in theirs if s.role in HANDLERS and not s.absent), None)
    if back is not None:
        given: Given | None = hand_over(turn, issue, own, back, reason)
    else:
        given = escalate(turn, issue, own, "returned", tell_before=False)
    if given is None:
        raise Overheard("pass_on/nobody_above", about_number=issue.number)
    return turn.whisper("pass_on/returned", about=issue, role=given.role_name)
