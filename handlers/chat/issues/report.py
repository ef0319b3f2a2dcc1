"""Somebody reports what is wrong, one thing or several."""

from __future__ import annotations

from bot.language.understanding import Place, Understanding
from bot.turns.message import Reply
from bot.turns.router import Router
from bot.turns.turn import Turn
from handlers.chat.issues.care import PRIVATE_ALARMS, comfort
from handlers.chat.issues.drafting import lacks_place, understood
from handlers.chat.issues.opening import open_or_join
from handlers.chat.issues.place import ask_place, ask_place_of_emergency
from models.issues.rules import Said

router = Router()


@router.intent("report")
def report(turn: Turn) -> Reply | None:
    """Free text that describes something wrong."""
    reading = turn.reading
    if reading.alarm in PRIVATE_ALARMS:
        return comfort(turn)
    several = separate(turn, reading)
    if several:
        return open_each(turn, several)
    said = understood(turn, reading)
    if lacks_place(turn, said):
        if said.alarm is None:
            return ask_place(turn, said)
        reply = open_or_join(turn, said)
        ask_place_of_emergency(turn)
        return reply
    return open_or_join(turn, said)


def separate(turn: Turn, reading: Understanding) -> list[Said]:
    """The several things one message reports, when each can be placed and none needs discretion; empty for
    one thing."""
    if (
        reading.alarm
        or reading.anonymous
        or reading.against
        or len(turn.world.reader.split(turn.inbound.text)) < 2
    ):
        return []
    parts = [part for part in turn.read_all(turn.inbound.text) if part.intent == "report"]
    if len(parts) < 2:
        return []
    drafts = [
        understood(turn, part, part.place if part.place.building else _at(part.place, reading.place))
        for part in parts
    ]
    rules = turn.world.rules
    if any(
        lacks_place(turn, said) or said.alarm or said.against or rules.category(said.category).sensitive
        for said in drafts
    ):
        return []
    return drafts


def _at(place: Place, whole: Place) -> Place:
    """A part's own spot at the place that the whole message names."""
    return Place(
        place.estate or whole.estate,
        whole.building,
        place.unit or whole.unit,
        place.room or whole.room,
        place.spot,
    )


def open_each(turn: Turn, several: list[Said]) -> Reply:
    """Several things, one message in answer."""
    replies = [
        open_or_join(turn, said, photos=turn.photos if place == 0 else ())
        for place, said in enumerate(several)
    ]
    aloud = [r for r in replies if not r.private]
    if aloud:
        for quiet in (r for r in replies if r.private):
            turn.apart(quiet)
    said = aloud or replies
    return Reply(
        "\n".join(r.text for r in said), tuple(b for r in said for b in r.buttons), private=not aloud
    )
