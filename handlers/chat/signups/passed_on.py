"""Somebody sends the list: a new one is opened, one that is passed on is merged; and a list taken back."""

from __future__ import annotations

import re

from bot.turns.message import Refused, Reply
from bot.turns.router import Router
from bot.turns.turn import Turn
from bot.turns.world import Recent
from models.people.find.directory import ChatInfo
from models.signups import steps
from models.signups.find import brought_by, passed_on, standing
from models.signups.rules import APART, Line, Status
from models.signups.tables import SignUp

router = Router()

#: A list copied from the bot says its number.
_NUMBERED = re.compile(r"#(\d{1,9})(?!\d)\s*")
#: How many missing lines are named.
NAMED = 3


@router.intent("signup")
def heard(turn: Turn) -> Reply | None:
    """A 接龙 list in a group."""
    # The reading ends after 1,000 characters, a list does not.
    known = turn.world.reader.whole_signup(turn.inbound.text) or turn.reading.signup
    if known is None:
        return None
    if turn.inbound.direct:
        raise Refused("signup/in_the_group")
    if turn.chat is None:
        return None
    lines = [Line(entry["name"], entry["note"]) for entry in known["entries"]]
    named = _NUMBERED.match(known["title"])
    number, title = (int(named[1]), known["title"][named.end() :]) if named else (None, known["title"])
    signup = passed_on(turn.session, turn.chat.id, number, title, lines, turn.now)
    if signup is None:
        return _opened(turn, turn.chat, title, lines)
    if signup.status is not Status.OPEN:
        raise Refused("signup/already_closed", about_number=signup.number)
    return _merged(turn, signup, title, lines)


def _opened(turn: Turn, chat: ChatInfo, title: str, lines: list[Line]) -> Reply:
    opener, message = turn.identity.id, turn.inbound.message_id
    signup = steps.open_signup(
        turn.session, chat, title, lines, opener_id=opener, message_id=message, now=turn.now
    )
    turn.in_community(signup.community_id)
    turn.remember = Recent(signup.id, turn.now)
    return turn.say("signup/opened", about=signup, count=len(standing(turn.session, signup)))


def _merged(turn: Turn, signup: SignUp, title: str, lines: list[Line]) -> Reply | None:
    """Quietly, unless lines are missing: who fell out and who sent it are told in private, the group now and
    then."""
    me, message = turn.identity.id, turn.inbound.message_id
    done, fell = steps.pass_on(
        turn.session, signup, title, lines, sender_id=me, message_id=message, now=turn.now
    )
    turn.in_community(signup.community_id)
    turn.remember, turn.changed = Recent(signup.id, turn.now), True
    now_on = standing(turn.session, signup)
    places = {line.id: n for n, line in enumerate(now_on, 1)}
    for owner in dict.fromkeys(line.owner_id for line in fell if line.owner_id not in (None, me)):
        _still_there(turn, signup, owner, [(places[x.id], x.name) for x in fell if x.owner_id == owner])
    if done.left:
        turn.apart(turn.whisper("signup/taken_out", about=signup, names=[line.name for line in done.left]))
    if not done.missing:
        return None
    missing = [(places[line.id], line.name) for line in done.missing]
    more = max(0, len(missing) - NAMED)
    pointed_out = turn.whisper(
        "signup/missing", about=signup, lines=missing[:NAMED], more=more, total=len(missing)
    )
    if turn.now - signup.said_at < APART:
        return pointed_out
    steps.said(signup, turn.now)
    turn.apart(pointed_out)
    return turn.say("signup/received", about=signup, count=len(now_on))


def _still_there(turn: Turn, signup: SignUp, owner: int | None, lines: list[tuple[int, str]]) -> None:
    """One message to each, however many lines they sent."""
    if owner is not None:
        more = max(0, len(lines) - NAMED)
        turn.tell_identity(
            owner, "signup/still_there", about=signup, reminder=True, lines=lines[:NAMED], more=more
        )


@router.on("recall")
def recall(turn: Turn) -> Reply | None:
    """A list just sent was taken back: so is what it brought."""
    me, recalled = turn.identity.id, turn.inbound.recalled or ""
    signup = brought_by(turn.session, me, recalled)
    if signup is None or signup.status is not Status.OPEN:
        return None
    if (turn.now - signup.changed_at).total_seconds() > turn.world.talk.context_seconds:
        return None
    turn.in_community(signup.community_id)
    steps.take_back(turn.session, signup, me, recalled, turn.now)
    return turn.whisper("signup/recalled", about=signup)
