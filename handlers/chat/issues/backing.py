"""A resident and an issue that is there already: 附议, 进度, 我的诉求, 撤回, a recalled message,
不是同一件."""

from __future__ import annotations

from sqlalchemy import select, update

from bot.turns.message import Refused, Reply
from bot.turns.router import Router
from bot.turns.turn import Recent, Turn
from handlers.chat.issues.assign import hand_out
from handlers.chat.issues.report import acknowledge, opened, understood
from handlers.chat.things.number import mine, named, only, visible
from models.issues.find.hands import active_assignments, last_holder
from models.issues.find.rows import backed_by, backers, endorsement_count, history
from models.issues.rules import LIVE, Said, Status, Urgency, words_hash
from models.issues.steps import back, finish, open_issue, record
from models.issues.tables import Endorsement, Issue, Photo
from models.messages.tables import Outbox
from models.people.find.directory import Located
from models.people.rules import ROLE_NAMES

router = Router()

#: How many of one's own issues are listed, and how many lines of a history.
LISTED, LINES = 10, 3


@router.command("endorse")
def endorse(turn: Turn) -> Reply:
    """附议 17."""
    said = named(turn)
    issue = (
        said[0]
        if said
        else only(
            turn, "endorse", [i for i in _talked_of(turn) if i.live and not i.sensitive and not i.hidden]
        )
    )
    return endorsed(turn, issue)


def endorsed(turn: Turn, issue: Issue) -> Reply:
    """One more resident behind it."""
    own = next((b for b in backers(turn.session, issue) if b.identity_id == turn.identity.id), None)
    if own is not None:
        return turn.whisper("backing/already", about=issue)
    if issue.sensitive or issue.hidden:
        raise Refused("number/unknown", wanted=issue.number)
    if issue.status is Status.MERGED and issue.merged_into is not None:
        return endorsed(turn, turn.session.get_one(Issue, issue.merged_into))
    if issue.status not in (*LIVE, Status.RESOLVED):
        raise Refused(f"backing/already_{issue.status.value}", about_number=issue.number)
    back(turn.session, issue, turn.identity.id, turn.now, message_id=turn.inbound.message_id)
    record(turn.session, issue, turn.now, "endorsed")
    turn.session.flush()
    return turn.say("backing/endorsed", about=issue, count=endorsement_count(turn.session, issue) + 1)


def _talked_of(turn: Turn) -> list[Issue]:
    """What somebody reported in this group a moment ago."""
    return [issue for i in turn.latest if (issue := turn.session.get(Issue, i)) is not None]


@router.intent("endorse")
def me_too(turn: Turn) -> Reply | None:
    """「我家也是」: only when it can mean just one thing; otherwise it is talk among neighbours."""
    said = named(turn)
    choices = [i for i in (said or _talked_of(turn)) if i.live and not i.sensitive and not i.hidden]
    if len(choices) != 1:
        return None
    if any(b.identity_id == turn.identity.id for b in backers(turn.session, choices[0])):
        return None
    return endorsed(turn, choices[0])


@router.command("progress")
def progress(turn: Turn) -> Reply:
    """进度 17."""
    said = named(turn)
    if said:
        issue = said[0]
    else:
        own = backed_by(turn.session, turn.community.id, turn.identity.id, tuple(Status))
        issue = only(turn, "progress", [i for i in own if i.live or i.status is Status.RESOLVED] or own[:1])
    return stands(turn, issue, private=not said)


def stands(turn: Turn, issue: Issue, *, private: bool) -> Reply:
    """Where it stands: who has it, until when, what happened last."""
    backing = any(b.identity_id == turn.identity.id for b in backers(turn.session, issue))
    if not visible(turn, issue, backing=backing):
        raise Refused("number/unknown", wanted=issue.number)
    if issue.status is Status.MERGED and issue.merged_into is not None:
        into = turn.session.get_one(Issue, issue.merged_into)
        return turn.whisper("backing/merged_into", about=into, was=issue.number)
    holder = last_holder(turn.session, issue)
    # An officer's own words may name a flat: the group reads the steps only.
    quiet = private or issue.sensitive or turn.inbound.direct
    lines = [
        {
            "at": event.at,
            "what": turn.world.texts.text(f"history/{event.what}", **event.public),
            "detail": event.detail if backing and event.role and quiet else "",
        }
        for event in history(turn.session, issue)
        if event.what not in ("endorsed", "given", "backer_left")
    ]
    key = "backing/stands"
    values = {
        "status": issue.status.value,
        "held": issue.held_until,
        "role": ROLE_NAMES[holder.role] if holder else "",
        "lines": lines[-LINES:],
    }
    return (
        turn.whisper(key, about=issue, **values)
        if private or issue.sensitive
        else turn.say(key, about=issue, **values)
    )


@router.intent("progress")
def asked_in_words(turn: Turn) -> Reply | None:
    """「上周报的那个门禁，有消息没」: answered in private when it can only be one of theirs."""
    said = named(turn)
    own = [
        i
        for i in backed_by(turn.session, turn.community.id, turn.identity.id, (*LIVE, Status.RESOLVED))
        if i.live or i.status is Status.RESOLVED
    ]
    spot = turn.reading.place.spot
    fitting = said or [i for i in own if spot and (i.spot == spot or spot in turn.title(i))] or own
    return stands(turn, fitting[0], private=True) if len(fitting) == 1 else None


@router.command("mine")
def my_issues(turn: Turn) -> Reply:
    """我的诉求."""
    own = backed_by(turn.session, turn.community.id, turn.identity.id, tuple(Status))
    rows = [
        {
            "number": i.number,
            "title": turn.title(i),
            "status": i.status.value,
            "held": i.held_until is not None,
        }
        for i in own[:LISTED]
    ]
    return turn.whisper("backing/mine", rows=rows, more=max(0, len(own) - LISTED))


@router.command("withdraw")
def withdraw(turn: Turn) -> Reply:
    """撤回 17: the reporter takes it back; what neighbours also reported stays theirs."""
    issue = mine(turn, "withdraw", LIVE)
    own = next((b for b in backers(turn.session, issue) if b.identity_id == turn.identity.id), None)
    if own is None:
        if not visible(turn, issue, backing=False):
            raise Refused("number/unknown", wanted=issue.number)
        raise Refused("backing/not_yours", about_number=issue.number)
    if not issue.live:
        raise Refused(f"backing/already_{issue.status.value}", about_number=issue.number)
    return _leave(turn, issue, own, "withdrawn")


def _leave(turn: Turn, issue: Issue, own: Endorsement, what: str) -> Reply:
    others = [b for b in backers(turn.session, issue) if b.id != own.id]
    if not others:
        for assignment in active_assignments(turn.session, issue):
            turn.tell(assignment.person_id, "task/withdrawn", about=issue)
        finish(turn.session, issue, Status.WITHDRAWN, turn.now, what)
        return acknowledge(turn, issue, "backing/withdrawn")
    turn.session.delete(own)
    if own.first:
        others[0].first = True
        issue.reporter_id = others[0].identity_id
        issue.text = others[0].text
    record(turn.session, issue, turn.now, "backer_left")
    return acknowledge(turn, issue, "backing/left", count=len(others))


@router.event("recall")
def recall(turn: Turn) -> Reply | None:
    """A message taken back within two minutes: its words and photos go, and what it opened alone goes with
    them."""
    wait = turn.waiting()
    if wait is not None and wait.data.get("message_id") == turn.inbound.recalled:
        turn.dropped += wait.data.get("photos", ())
        turn.settle(wait)
        return turn.whisper("backing/recalled_draft")
    query = select(Endorsement).where(
        Endorsement.identity_id == turn.identity.id, Endorsement.message_id == turn.inbound.recalled
    )
    reply: Reply | None = None
    for own in turn.session.scalars(query).all():
        if (turn.now - own.at).total_seconds() > turn.world.rules.context_seconds:
            continue
        issue = turn.session.get_one(Issue, own.issue_id)
        turn.in_community(issue.community_id)
        purge(turn, issue, own)
        if issue.live:
            reply = _recalled(turn, issue, own)
    return reply


def _recalled(turn: Turn, issue: Issue, own: Endorsement) -> Reply:
    if not [b for b in backers(turn.session, issue) if b.id != own.id]:
        issue.text, issue.words_hash = None, ""
    _leave(turn, issue, own, "recalled")
    return turn.whisper("backing/recalled", about=issue)


def purge(turn: Turn, issue: Issue, own: Endorsement) -> None:
    """Take the words and photos of one message out of every row; files without a row are swept later."""
    words = own.text
    own.text = own.message_id = None
    turn.session.flush()
    for photo in turn.session.scalars(
        select(Photo).where(
            Photo.issue_id == issue.id, Photo.identity_id == own.identity_id, ~Photo.by_officer
        )
    ):
        turn.dropped.append(photo.digest)
        turn.session.delete(photo)
    said = turn.world.texts.text("backing/taken_back")
    for row in turn.session.scalars(select(Outbox).where(Outbox.about == issue.id)):
        body = dict(row.body)
        if words and words in body["text"]:
            body["text"] = body["text"].replace(words, said)
        if body["images"]:
            body["images"] = []
        if body != row.body:
            turn.session.execute(update(Outbox).where(Outbox.id == row.id).values(body=body))


@router.command("split")
def split(turn: Turn) -> Reply:
    """不是同一件 [17]: the reporter's own report becomes an issue of its own after all."""
    said = named(turn)
    joined = [
        row
        for row in turn.session.execute(
            select(Endorsement, Issue)
            .join(Issue, Endorsement.issue_id == Issue.id)
            .where(
                Endorsement.identity_id == turn.identity.id,
                ~Endorsement.first,
                Endorsement.text.is_not(None),
                Issue.status.in_(LIVE),
            )
            .order_by(Endorsement.id.desc())
        ).all()
        if not said or row[1].id == said[0].id
    ]
    if not joined:
        raise Refused("backing/nothing_to_split")
    own, issue = joined[0]
    turn.in_community(issue.community_id)
    words = own.text or ""
    fresh = _split_off(turn, issue, words, own)
    for photo in turn.session.scalars(
        select(Photo).where(Photo.issue_id == issue.id, Photo.identity_id == turn.identity.id)
    ):
        photo.issue_id = fresh.id
    turn.session.delete(own)
    record(turn.session, issue, turn.now, "backer_left")
    turn.remember = Recent(fresh.id, turn.now, turn.inbound.message_id)
    given = hand_out(turn, fresh)
    return opened(turn, fresh, given)


def _split_off(turn: Turn, issue: Issue, words: str, own: Endorsement) -> Issue:
    """A new issue from the joined words, at their own place or else at the place of the issue they were
    joined to."""
    reading = turn.read(words)
    drafted = understood(turn, reading)
    there = Located(
        issue.estate_id,
        issue.building_id,
        drafted.where.unit or issue.unit,
        drafted.where.room,
        drafted.where.spot or issue.spot,
    )
    said = Said(
        text=words,
        category=drafted.category if reading.category else issue.category,
        urgency=Urgency(reading.urgency) if reading.urgency else issue.urgency,
        where=drafted.where if drafted.where.building_id is not None else there,
        why=drafted.why,
        alarm=drafted.alarm,
        against=drafted.against,
        anonymous=own.anonymous,
        message_id=own.message_id,
    )
    fresh = open_issue(
        turn.session,
        turn.world.rules,
        issue.community_id,
        said,
        turn.now,
        reporter_id=turn.identity.id,
        chat_id=turn.chat.id if turn.chat else issue.chat_id,
    )
    fresh.words_hash = words_hash(words)
    return fresh
