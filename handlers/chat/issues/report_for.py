"""代报 3栋2单元501 张奶奶：内容: an officer enters what somebody told them at the door."""

from __future__ import annotations

import re
from dataclasses import replace

from bot.turns.message import Overheard, Reply
from bot.turns.router import Router
from bot.turns.turn import Turn
from handlers.chat.issues.assign import hand_out
from handlers.chat.issues.drafting import lacks_place, understood
from handlers.chat.issues.issue import journey
from models.issues.find.rows import backing_of
from models.issues.find.same import duplicate_of
from models.issues.steps.backing import add_photos, back, open_issue
from models.people.find.claims import account_of, living_at
from models.people.find.directory import Located
from models.people.rules import HANDLERS
from models.people.steps import account

router = Router()
_PARTS = re.compile(r"^(?P<head>[^:：]{1,60})[:：]\s*(?P<words>.+)$", re.DOTALL)
#: The channel of people without an account: nothing can be sent there, so that a visit closes their issues.
DOOR = "door"


@router.command("report_for")
def report_for(turn: Turn) -> Reply:
    """Enter an issue for somebody; the duty is the same as for a report in the group."""
    parts = _PARTS.match(turn.command.rest)
    if parts is None:
        raise Overheard("report_for/how")
    words = parts["words"].strip()
    reading = turn.read(words)
    head = turn.read(parts["head"]).place
    said = understood(turn, reading, head if head.building else turn.reading.place)
    if said.where.spot is None and reading.place.spot:
        said = replace(said, text=words, where=replace(said.where, spot=reading.place.spot))
    where = said.where
    if where.unknown or lacks_place(turn, said):
        raise Overheard("report_for/how")
    area = turn.directory.area(turn.community.id, where.estate_id, where.building_id)
    post = next((p for p in turn.posts() if p.role in HANDLERS and p.covers(area)), None)
    post = post or turn.acting(HANDLERS)
    reporter_id = _reporter(turn, where, _name(parts["head"]))
    same = duplicate_of(turn.session, turn.community.id, said)
    if same is not None:
        way = journey(turn, same)
        if backing_of(turn.session, same, reporter_id) is None:
            back(way, reporter_id, replace(said, text=words, message_id=turn.inbound.message_id))
        add_photos(way, turn.photos, identity_id=reporter_id, by_officer=False)
        return turn.whisper("report_for/joined", about=same)
    issue = open_issue(
        turn.session,
        turn.world.rules,
        turn.community.id,
        said,
        turn.now,
        reporter_id=reporter_id,
        chat_id=None,
        photos=turn.photos,
        entered_by=post.person_id,
    ).issue
    given = hand_out(turn, issue)
    yours = given is not None and given.person_id == post.person_id
    return turn.whisper("report_for/opened", about=issue, to=given.label if given else "", yours=yours)


def _name(head: str) -> str:
    """What follows the address: 「张奶奶」."""
    words = head.split()
    return words[-1] if len(words) > 1 else re.sub(r"^.*[0-9A-Za-z栋幢号楼座单元室]", "", head).strip()


def _reporter(turn: Turn, where: Located, name: str) -> int:
    """The account of whoever it is for: their own when the roster knows them by that name, else one that
    nothing reaches."""
    neighbours = living_at(turn.session, where) if name and where.room else []
    known = [p for p in neighbours if p.name == name]
    if len(known) == 1:
        own = account_of(turn.session, known[0].id)
        if own is not None:
            return own.id
        if turn.world.roster is None:
            channel, external = DOOR, f"person:{known[0].id}"
        else:
            channel, external = turn.world.roster, known[0].key
        return account(turn.session, channel, external, turn.now, person_id=known[0].id).id
    external = f"{where.building_id}:{where.unit or ''}:{where.room or ''}:{name}"
    return account(turn.session, DOOR, external, turn.now).id
