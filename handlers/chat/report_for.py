"""代报 3栋2单元501 张奶奶：内容: an officer enters what somebody told them at the door."""

from __future__ import annotations

import re

from sqlalchemy import select

from bot.message import Refused, Reply
from bot.router import Router
from bot.turn import Turn
from handlers.chat.assign import hand_out
from handlers.chat.report import lacks_place, understood
from models.base import new_id
from models.directory import Located
from models.issues import Issue
from models.journey import add_photos, back, backers, duplicate_of, open_issue, record
from models.people import Identity, Person
from models.places import Household
from models.routing import HANDLERS

router = Router()
_PARTS = re.compile(r"^(?P<head>[^:：]{1,60})[:：]\s*(?P<words>.+)$", re.DOTALL)
#: The channel of people without an account: nothing can be sent there, so that a visit closes their issues.
DOOR = "door"


@router.command("report_for")
def report_for(turn: Turn) -> Reply:
    """Enter an issue for somebody; the duty is the same as for a report in the group."""
    parts = _PARTS.match(turn.command.rest)
    if parts is None:
        raise Refused("report_for/how")
    words = parts["words"].strip()
    reading = turn.read(words)
    head = turn.read(parts["head"]).place
    place = head if head.building else turn.reading.place
    said = understood(turn, reading, place)
    where = said.where
    if where.spot is None and reading.place.spot:
        where = Located(
            where.estate_id, where.building_id, where.unit, where.room, reading.place.spot, where.unknown
        )
        said = type(said)(
            words,
            said.category,
            said.urgency,
            where,
            said.why,
            said.alarm,
            said.against,
            said.anonymous,
            said.message_id,
        )
    if where.unknown or lacks_place(turn, said):
        raise Refused("report_for/how")
    area = turn.directory.area(turn.community.id, where.estate_id, where.building_id)
    post = next((p for p in turn.posts() if p.role in HANDLERS and p.covers(area)), None) or turn.acting(
        HANDLERS
    )
    reporter = _reporter(turn, where, _name(parts["head"]))
    same = duplicate_of(turn.session, turn.community.id, said)
    if same is not None:
        if all(b.identity_id != reporter.id for b in backers(turn.session, same)):
            back(turn.session, same, reporter.id, turn.now, words=words, message_id=turn.inbound.message_id)
            record(turn.session, same, turn.now, "endorsed")
        add_photos(turn.session, same, turn.photos, turn.now, identity_id=reporter.id, by_officer=False)
        return turn.whisper("report_for/joined", about=same)
    issue = open_issue(
        turn.session,
        turn.world.rules,
        turn.community.id,
        said,
        turn.now,
        reporter_id=reporter.id,
        chat_id=None,
        photos=turn.photos,
        entered_by=post.person_id,
    )
    return _opened(turn, issue, post.person_id)


def _opened(turn: Turn, issue: Issue, by: int) -> Reply:
    given = hand_out(turn, issue)
    yours = given is not None and given.person_id == by
    return turn.whisper("report_for/opened", about=issue, to=given.label if given else "", yours=yours)


def _name(head: str) -> str:
    """What follows the address: 「张奶奶」."""
    words = head.split()
    return words[-1] if len(words) > 1 else re.sub(r"^.*[0-9A-Za-z栋幢号楼座单元室]", "", head).strip()


def _reporter(turn: Turn, where: Located, name: str) -> Identity:
    """The account of whoever it is for: their own when the roster knows them by that name, else one that
    nothing reaches."""
    home = (
        select(Person)
        .join(Household, Person.household_id == Household.id)
        .where(Person.retired_at.is_(None), Household.building_id == where.building_id)
    )
    if where.room:
        home = home.where(Household.room == where.room)
    if where.unit:
        home = home.where(Household.unit == where.unit)
    known = [p for p in turn.session.scalars(home.limit(50)) if name and p.name == name] if where.room else []
    if len(known) == 1:
        account = turn.session.scalars(
            select(Identity).where(Identity.person_id == known[0].id).order_by(Identity.seen_at.desc())
        ).first()
        if account is not None:
            return account
        if turn.world.roster is not None:
            return _made(turn, turn.world.roster, known[0].key, known[0].id)
        return _made(turn, DOOR, f"person:{known[0].id}", known[0].id)
    external = f"{where.building_id}:{where.unit or ''}:{where.room or ''}:{name}"
    found = turn.session.scalars(
        select(Identity).where(Identity.channel == DOOR, Identity.external == external)
    ).first()
    return found or _made(turn, DOOR, external, None)


def _made(turn: Turn, channel: str, external: str, person_id: int | None) -> Identity:
    account = Identity(
        id=new_id(), channel=channel, external=external, person_id=person_id, ignored=False, seen_at=turn.now
    )
    turn.session.add(account)
    return account
