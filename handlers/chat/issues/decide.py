"""What officers decide about an issue: 合并, 不受理, 改类, 不是诉求, 隐藏, 定级, 已看."""

from __future__ import annotations

import re

from sqlalchemy import select

from bot.language import category_of
from bot.turns.message import Refused, Reply
from bot.turns.router import Router
from bot.turns.turn import Turn
from handlers.chat.issues.closing import publish
from handlers.chat.issues.work import tell_backers
from handlers.chat.things.number import in_hand, named
from models.issues.find.hands import active_assignments
from models.issues.find.rows import backers
from models.issues.rules import LIVE, Status
from models.issues.steps import finish, record
from models.issues.tables import Correction, Endorsement, Issue, Photo
from models.people.rules import HANDLERS, Role, Serving

router = Router()

DECIDERS = (Role.GRID_MEMBER, Role.SECRETARY, Role.STREET_OFFICER)
_CLEARED = re.compile(
    r"\W*(?:(?:都|已|均)?(?:确认)?(?:没有?|无)\s*)人脸\W*(?:(?:没有?|无)\s*)?车牌\W*(?:(?:没有?|无)\s*)?(?:小孩|孩子|儿童)(?:了|的)?\W*"
)
_LEVELS = {"一": 1, "二": 2, "三": 3, "1": 1, "2": 2, "3": 3}


def _decided(turn: Turn, verb: str) -> tuple[Issue, Serving]:
    """The issue meant and the post in which it may be decided."""
    issue = in_hand(turn, verb)[0]
    return issue, turn.acting(DECIDERS, issue)


@router.command("merge")
def merge(turn: Turn) -> Reply:
    """合并 17 21: everything after the first goes into the first."""
    said = named(turn)
    if len(said) < 2 or len({i.id for i in said}) < 2:
        raise Refused("decide/merge_which")
    into, others = said[0], [i for i in said[1:] if i.id != said[0].id]
    post = turn.acting(DECIDERS, into)
    for issue in said:
        turn.acting(DECIDERS, issue)
        if issue.status not in LIVE:
            raise Refused(f"task/already_{issue.status.value}", about_number=issue.number)
        if (issue.sensitive, issue.anonymous, issue.against) != (
            into.sensitive,
            into.anonymous,
            into.against,
        ):
            raise Refused("decide/merge_sensitive", about_number=issue.number)
    known = {b.identity_id for b in backers(turn.session, into)}
    for issue in others:
        for backing in backers(turn.session, issue):
            turn.tell_identity(backing.identity_id, "reporter/merged", about=into, was=issue.number)
            if backing.identity_id not in known:
                known.add(backing.identity_id)
                turn.session.add(
                    Endorsement(
                        community_id=into.community_id,
                        issue_id=into.id,
                        identity_id=backing.identity_id,
                        first=False,
                        anonymous=backing.anonymous,
                        at=backing.at,
                        text=backing.text,
                        message_id=backing.message_id,
                    )
                )
        for assignment in active_assignments(turn.session, issue):
            if turn.person is None or assignment.person_id != turn.person.id:
                turn.tell(assignment.person_id, "task/merged", about=into, was=issue.number)
        issue.merged_into = into.id
        finish(
            turn.session,
            issue,
            Status.MERGED,
            turn.now,
            "merged",
            role=post.role,
            person_id=post.person_id,
            into=into.number,
        )
    record(
        turn.session,
        into,
        turn.now,
        "merged_here",
        role=post.role,
        person_id=post.person_id,
        others=[i.number for i in others],
    )
    return turn.whisper("decide/merged", about=into, others=[i.number for i in others])


@router.command("refuse")
def refuse(turn: Turn) -> Reply:
    """不受理 17 原因: out of remit; the reporter is told why, the public sees a count."""
    issue, post = _decided(turn, "refuse")
    reason = turn.command.rest
    if not reason:
        raise Refused("decide/refuse_why", about_number=issue.number)
    if issue.status not in LIVE:
        raise Refused(f"task/already_{issue.status.value}", about_number=issue.number)
    for assignment in active_assignments(turn.session, issue):
        if assignment.person_id != post.person_id:
            turn.tell(
                assignment.person_id, "task/refused", about=issue, by=turn.called(post.role), reason=reason
            )
    finish(
        turn.session,
        issue,
        Status.REFUSED,
        turn.now,
        "refused",
        role=post.role,
        person_id=post.person_id,
        detail=reason,
    )
    publish(turn, issue)
    tell_backers(turn, issue, "reporter/refused", reason=reason)
    return turn.whisper("decide/refused", about=issue)


@router.command("recategorise")
def recategorise(turn: Turn) -> Reply:
    """改类 17 噪声: correct what the bot understood; the correction is kept for whoever tends the rules."""
    issue, post = _decided(turn, "recategorise")
    category = category_of(turn.command.rest.strip())
    if category is None:
        names = [c.name for c in turn.world.rules.categories.values()]
        raise Refused("decide/which_category", about_number=issue.number, names=names)
    if category == issue.category:
        return turn.whisper("decide/same_category", about=issue)
    turn.session.add(
        Correction(
            community_id=issue.community_id,
            issue_id=issue.id,
            at=turn.now,
            by_id=post.person_id,
            was=issue.category,
            category=category,
        )
    )
    rules = turn.world.rules.category(category)
    issue.category, issue.level = category, rules.level
    # What was wrongly sensitive may be shown, unless somebody asked for 匿名 or it is over; who said it stays
    # untold.
    issue.sensitive = rules.sensitive or issue.anonymous or (issue.sensitive and not issue.live)
    issue.discreet = issue.discreet or rules.sensitive
    record(turn.session, issue, turn.now, "recategorised", role=post.role, person_id=post.person_id)
    return turn.whisper("decide/recategorised", about=issue, name=rules.name)


@router.command("not_report")
def not_report(turn: Turn) -> Reply:
    """不是诉求 17: the bot took chatter for a report."""
    issue, post = _decided(turn, "not_report")
    if issue.status not in LIVE:
        raise Refused(f"task/already_{issue.status.value}", about_number=issue.number)
    turn.session.add(
        Correction(
            community_id=issue.community_id,
            issue_id=issue.id,
            at=turn.now,
            by_id=post.person_id,
            was=issue.category,
            category=None,
        )
    )
    for assignment in active_assignments(turn.session, issue):
        if assignment.person_id != post.person_id:
            turn.tell(assignment.person_id, "task/not_report", about=issue)
    finish(
        turn.session,
        issue,
        Status.WITHDRAWN,
        turn.now,
        "not_report",
        role=post.role,
        person_id=post.person_id,
    )
    tell_backers(turn, issue, "reporter/not_report")
    return turn.whisper("decide/not_report", about=issue)


@router.command("hide")
def hide(turn: Turn) -> Reply:
    """隐藏 17: abusive; off every page, the work goes on."""
    issue, post = _decided(turn, "hide")
    issue.hidden = True
    record(turn.session, issue, turn.now, "hidden", role=post.role, person_id=post.person_id)
    return turn.whisper("decide/hidden", about=issue)


@router.command("set_level")
def set_level(turn: Turn) -> Reply:
    """定级 17 三级: residents themselves, street and community, district."""
    issue, post = _decided(turn, "set_level")
    level = next((_LEVELS[c] for c in turn.command.rest if c in _LEVELS), None)
    if level is None:
        raise Refused("decide/which_level", about_number=issue.number)
    issue.level = level
    record(turn.session, issue, turn.now, "levelled", role=post.role, person_id=post.person_id, level=level)
    return turn.whisper("decide/levelled", about=issue, level="一二三"[level - 1])


@router.command("photo_checked")
def photo_checked(turn: Turn) -> Reply:
    """已看 17：无人脸、车牌、小孩: from now on the officers' photos of it are public (promise 12)."""
    said = named(turn)
    issue = (
        said[0]
        if said
        else in_hand(turn, "photo_checked", (Status.OPEN, Status.ACCEPTED, Status.RESOLVED))[0]
    )
    post = turn.acting(HANDLERS, issue)
    if issue.sensitive or issue.hidden or not _CLEARED.fullmatch(turn.command.rest):
        raise Refused("decide/photo_how", about_number=issue.number)
    waiting = turn.session.scalars(
        select(Photo).where(Photo.issue_id == issue.id, Photo.by_officer, Photo.cleared_at.is_(None))
    ).all()
    if not waiting:
        raise Refused("decide/no_photos", about_number=issue.number)
    for photo in waiting:
        photo.cleared_at, photo.cleared_by = turn.now, post.person_id
    record(turn.session, issue, turn.now, "photos_cleared", role=post.role, person_id=post.person_id)
    return turn.whisper("decide/photos_cleared", about=issue, count=len(waiting))
