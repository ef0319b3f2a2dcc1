"""A resident and an issue that is there already: 附议, 进度, 我的诉求, 撤回, a recalled message, 不是同一件."""

from __future__ import annotations

from bot.turns import meant
from bot.turns.message import Overheard, Refused, Reply
from bot.turns.router import Router
from bot.turns.turn import Turn
from bot.turns.world import Recent
from handlers.chat.issues.assign import hand_out
from handlers.chat.issues.drafting import understood
from handlers.chat.issues.issue import (
    acknowledge,
    backed,
    journey,
    own_backing,
    visible,
)
from handlers.chat.issues.opening import opened
from models.issues.find.hands import last_holder
from models.issues.find.rows import backings_by_message, endorsement_count, history, joined_reports
from models.issues.rules import ISSUE, LIVE, Said, Status, Urgency
from models.issues.steps import backing
from models.issues.tables import Endorsement, Issue
from models.messages.steps import blank
from models.people.find.directory import Located
from models.people.rules import ROLE_NAMES
from models.things.find import with_id

router = Router()

#: How many of one's own issues are listed, and how many lines of a history.
LISTED, LINES = 10, 3


def talked_of(turn: Turn) -> list[Issue]:
    """What somebody reported in this group a moment ago and anybody may back."""
    found = [with_id(turn.session, i) for i in turn.latest]
    return [i for i in found if isinstance(i, Issue) and i.live and i.public]


@router.command_on(ISSUE, "endorse", among=talked_of)
def endorse(turn: Turn, issue: Issue) -> Reply:
    """附议 17: one more resident behind it."""
    if own_backing(turn, issue) is not None:
        return turn.whisper("backing/already", about=issue)
    if not issue.public:
        raise meant.unknown(issue.number)
    if issue.merged_into is not None:
        return endorse(turn, turn.session.get_one(Issue, issue.merged_into))
    if issue.status not in (*LIVE, Status.RESOLVED):
        raise Refused(f"backing/already_{issue.status.value}", about_number=issue.number)
    backing.back(journey(turn, issue), turn.identity.id, message_id=turn.inbound.message_id)
    return turn.say("backing/endorsed", about=issue, count=endorsement_count(turn.session, issue) + 1)


@router.intent("endorse", of=ISSUE)
def me_too(turn: Turn) -> Reply | None:
    """「我家也是」: only when it can mean just one thing; otherwise it is talk among neighbours."""
    quoted = meant.quoted(turn)
    choices = talked_of(turn) if quoted is None else [quoted] if quoted.live and quoted.public else []
    if len(choices) != 1 or own_backing(turn, choices[0]) is not None:
        return None
    return endorse(turn, choices[0])


def _in_progress(turn: Turn) -> list[Issue]:
    """The speaker's own issues that still go on, or else the last one."""
    own = backed(*Status)(turn)
    return [i for i in own if i.live or i.status is Status.RESOLVED] or own[:1]


@router.command_on(ISSUE, "progress", among=_in_progress)
def progress(turn: Turn, issue: Issue) -> Reply:
    """进度 17."""
    return stands(turn, issue, private=not meant.named(turn, "progress", ISSUE))


def stands(turn: Turn, issue: Issue, *, private: bool) -> Reply:
    """Where it stands: who has it, until when, what happened last."""
    own = own_backing(turn, issue) is not None
    if not visible(turn, issue):
        raise meant.unknown(issue.number)
    if issue.merged_into is not None:
        into = turn.session.get_one(Issue, issue.merged_into)
        return turn.whisper("backing/merged_into", about=into, was=issue.number)
    holder = last_holder(turn.session, issue)
    # An officer's own words may name a flat: the group reads the steps only.
    quiet = private or issue.sensitive or turn.inbound.direct
    lines = [
        {
            "at": event.at,
            "what": turn.world.texts.text(f"history/{event.what}", **event.public),
            "detail": event.detail if own and event.role and quiet else "",
        }
        for event in history(turn.session, issue)
        if event.what not in ("endorsed", "given", "backer_left")
    ]
    return (turn.whisper if private or issue.sensitive else turn.say)(
        "backing/stands",
        about=issue,
        status=issue.status.value,
        held=issue.held_until,
        role=ROLE_NAMES[holder.role] if holder else "",
        lines=lines[-LINES:],
    )


@router.intent("progress", of=ISSUE)
def asked_in_words(turn: Turn) -> Reply | None:
    """「上周报的那个门禁，有消息没」: answered in private when it can only be one of theirs."""
    quoted = meant.quoted(turn)
    own = backed(*LIVE, Status.RESOLVED)(turn)
    spot = turn.reading.place.spot
    of_spot = [i for i in own if spot and (i.spot == spot or spot in turn.title(i))]
    fitting = [quoted] if quoted is not None else of_spot or own
    return stands(turn, fitting[0], private=True) if len(fitting) == 1 else None


@router.command("mine")
def my_issues(turn: Turn) -> Reply:
    """我的诉求."""
    own = backed(*Status)(turn)
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


@router.command_on(ISSUE, "withdraw", among=backed(*LIVE))
def withdraw(turn: Turn, issue: Issue) -> Reply:
    """撤回 17: the reporter takes it back; what neighbours also reported stays theirs."""
    own = own_backing(turn, issue)
    if own is None:
        if not visible(turn, issue):
            raise meant.unknown(issue.number)
        raise Refused("backing/not_yours", about_number=issue.number)
    if not issue.live:
        raise Refused(f"backing/already_{issue.status.value}", about_number=issue.number)
    left = _leave(turn, issue, own, "withdrawn")
    if not left:
        return acknowledge(turn, issue, "backing/withdrawn")
    return acknowledge(turn, issue, "backing/left", count=left)


def _leave(turn: Turn, issue: Issue, own: Endorsement, what: str) -> int:
    hands = journey(turn, issue).hands()
    left = backing.leave(journey(turn, issue), own, what)
    for assignment in hands if not left else ():
        turn.tell(assignment.person_id, "task/withdrawn", about=issue)
    return left


@router.on("recall")
def recall(turn: Turn) -> Reply | None:
    """A message taken back within two minutes: its words and photos go, and what it opened alone goes with
    them."""
    wait, recalled = turn.waiting(), turn.inbound.recalled or ""
    if wait is not None and wait.data.get("message_id") == recalled:
        turn.dropped += wait.data.get("photos", ())
        turn.settle(wait)
        return turn.whisper("backing/recalled_draft")
    reply: Reply | None = None
    said = turn.world.texts.text("backing/taken_back")
    for own in backings_by_message(turn.session, turn.identity.id, recalled):
        if (turn.now - own.at).total_seconds() > turn.world.talk.context_seconds:
            continue
        issue, words = turn.session.get_one(Issue, own.issue_id), own.text
        turn.in_community(issue.community_id)
        turn.dropped += backing.take_back(journey(turn, issue), own)
        blank(turn.session, issue.id, words, said)
        if issue.live:
            _leave(turn, issue, own, "recalled")
            reply = turn.whisper("backing/recalled", about=issue)
    return reply


@router.command("split")
def split(turn: Turn) -> Reply:
    """不是同一件 [17]: the reporter's own report becomes an issue of its own after all."""
    named = {thing.id for thing in meant.named(turn, "split", ISSUE)}
    joined = [
        (own, issue)
        for own, issue in joined_reports(turn.session, turn.identity.id)
        if not named or issue.id in named
    ]
    if not joined:
        raise Overheard("backing/nothing_to_split")
    own, issue = joined[0]
    turn.in_community(issue.community_id)
    chat_id = turn.chat.id if turn.chat else None
    fresh = backing.split_off(journey(turn, issue), own, _own_report(turn, issue, own), chat_id).issue
    turn.remember = Recent(fresh.id, turn.now)
    return opened(turn, fresh, hand_out(turn, fresh))


def _own_report(turn: Turn, issue: Issue, own: Endorsement) -> Said:
    """The joined words, at their own place or else at the place of the issue they were joined to."""
    words = own.text or ""
    reading = turn.read(words)
    drafted = understood(turn, reading)
    where = drafted.where
    unit, spot = where.unit or issue.unit, where.spot or issue.spot
    there = Located(issue.estate_id, issue.building_id, unit, where.room, spot)
    return Said(
        text=words,
        category=drafted.category if reading.category else issue.category,
        urgency=Urgency(reading.urgency) if reading.urgency else issue.urgency,
        where=where if where.building_id is not None else there,
        why=drafted.why,
        alarm=drafted.alarm,
        against=drafted.against,
        anonymous=own.anonymous,
        message_id=own.message_id,
    )
