"""What officers decide about an issue: 合并, 不受理, 改类, 不是诉求, 隐藏, 定级, 已看."""

from __future__ import annotations

import re

from bot.language import category_of
from bot.turns.message import Refused, Reply
from bot.turns.router import Router
from bot.turns.turn import Turn
from handlers.chat.issues.issue import in_hand, journey, tell_backers, tell_hands
from handlers.chat.issues.work import must_be_live
from models.issues.find.rows import backers
from models.issues.rules import ISSUE, LIVE, Status
from models.issues.steps import backing
from models.issues.tables import Issue
from models.people.rules import HANDLERS, Role

router = Router()

DECIDERS = (Role.GRID_MEMBER, Role.SECRETARY, Role.STREET_OFFICER)
_CLEARED = re.compile(
    r"\W*(?:(?:都|已|均)?(?:确认)?(?:没有?|无)\s*)人脸\W*(?:(?:没有?|无)\s*)?车牌\W*(?:(?:没有?|无)\s*)?(?:小孩|孩子|儿童)(?:了|的)?\W*"
)
_LEVELS = {"一": 1, "二": 2, "三": 3, "1": 1, "2": 2, "3": 3}


def _two(_turn: Turn) -> list[Issue]:
    raise Refused("decide/merge_which")


@router.command_on(ISSUE, "merge", among=_two, several=True)
def merge(turn: Turn, issues: list[Issue]) -> Reply:
    """合并 17 21: everything after the first goes into the first."""
    into, others = issues[0], [i for i in dict.fromkeys(issues) if i.id != issues[0].id]
    if not others:
        raise Refused("decide/merge_which")
    post = turn.acting(DECIDERS, into)
    for issue in (into, *others):
        turn.acting(DECIDERS, issue)
        must_be_live(issue)
        if (issue.sensitive, issue.anonymous, issue.against) != (
            into.sensitive,
            into.anonymous,
            into.against,
        ):
            raise Refused("decide/merge_sensitive", about_number=issue.number)
    for issue in others:
        for backer in backers(turn.session, issue):
            turn.tell_identity(backer.identity_id, "reporter/merged", about=into, was=issue.number)
        for assignment in journey(turn, issue).hands():
            if assignment.person_id != post.person_id:
                turn.tell(assignment.person_id, "task/merged", about=into, was=issue.number)
    backing.merge(journey(turn, into), others, post)
    return turn.whisper("decide/merged", about=into, others=[i.number for i in others])


@router.command_on(ISSUE, "refuse", among=in_hand())
def refuse(turn: Turn, issue: Issue) -> Reply:
    """不受理 17 原因: out of remit; the reporter is told why, the public sees a count."""
    post = turn.acting(DECIDERS, issue)
    reason = turn.command.rest
    if not reason:
        raise Refused("decide/refuse_why", about_number=issue.number)
    must_be_live(issue)
    by = turn.called(post.role)
    tell_hands(turn, issue, "task/refused", but=post.person_id, by=by, reason=reason)
    journey(turn, issue).finish(Status.REFUSED, "refused", by=post, detail=reason)
    tell_backers(turn, issue, "reporter/refused", reason=reason)
    return turn.whisper("decide/refused", about=issue)


@router.command_on(ISSUE, "recategorise", among=in_hand())
def recategorise(turn: Turn, issue: Issue) -> Reply:
    """改类 17 噪声: correct what the bot understood."""
    post = turn.acting(DECIDERS, issue)
    rules = turn.world.rules
    key = category_of(turn.command.rest.strip())
    if key is None:
        names = [c.name for c in rules.categories.values()]
        raise Refused("decide/which_category", about_number=issue.number, names=names)
    if key == issue.category:
        return turn.whisper("decide/same_category", about=issue)
    journey(turn, issue).recategorise(post, rules.category(key))
    return turn.whisper("decide/recategorised", about=issue, name=rules.category(key).name)


@router.command_on(ISSUE, "not_report", among=in_hand())
def not_report(turn: Turn, issue: Issue) -> Reply:
    """不是诉求 17: the bot took chatter for a report."""
    post = turn.acting(DECIDERS, issue)
    must_be_live(issue)
    tell_hands(turn, issue, "task/not_report", but=post.person_id)
    journey(turn, issue).not_report(post)
    tell_backers(turn, issue, "reporter/not_report")
    return turn.whisper("decide/not_report", about=issue)


@router.command_on(ISSUE, "hide", among=in_hand())
def hide(turn: Turn, issue: Issue) -> Reply:
    """隐藏 17: abusive; off every page, the work goes on."""
    journey(turn, issue).hide(turn.acting(DECIDERS, issue))
    return turn.whisper("decide/hidden", about=issue)


@router.command_on(ISSUE, "set_level", among=in_hand())
def set_level(turn: Turn, issue: Issue) -> Reply:
    """定级 17 三级: residents themselves, street and community, district."""
    post = turn.acting(DECIDERS, issue)
    level = next((_LEVELS[c] for c in turn.command.rest if c in _LEVELS), None)
    if level is None:
        raise Refused("decide/which_level", about_number=issue.number)
    journey(turn, issue).set_level(post, level)
    return turn.whisper("decide/levelled", about=issue, level="一二三"[level - 1])


@router.command_on(ISSUE, "photo_checked", among=in_hand(*LIVE, Status.RESOLVED))
def photo_checked(turn: Turn, issue: Issue) -> Reply:
    """已看 17：无人脸、车牌、小孩: from now on the officers' photos of it are public (promise 12)."""
    post = turn.acting(HANDLERS, issue)
    if not issue.public or not _CLEARED.fullmatch(turn.command.rest):
        raise Refused("decide/photo_how", about_number=issue.number)
    count = backing.clear_photos(journey(turn, issue), post)
    if not count:
        raise Refused("decide/no_photos", about_number=issue.number)
    return turn.whisper("decide/photos_cleared", about=issue, count=count)
