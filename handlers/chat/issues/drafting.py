"""From a resident's words to the draft of an issue, kept while its place is missing."""

from __future__ import annotations

from typing import Any

from bot.language.normalise import written
from bot.language.understanding import Place, Understanding
from bot.turns.turn import Turn
from models.issues.rules import Said, Urgency
from models.messages.tables import Wait


def understood(turn: Turn, reading: Understanding, place: Place | None = None) -> Said:
    """The reading as the draft of an issue, with its place in ids."""
    place = place or reading.place
    parts = (turn.community.id, place.estate, place.building, place.unit, place.room, place.spot)
    where = turn.directory.locate(*parts, chat=turn.chat)
    if where.estates:
        where = turn.directory.locate(*parts, chat=turn.chat, home=home_building(turn))
    category = turn.world.rules.category(reading.category or "other")
    return Said(
        text=own_words(turn, reading),
        category=category.key,
        urgency=Urgency(reading.urgency or category.urgency),
        where=where,
        why=reading.why,
        alarm=reading.alarm,
        against=reading.against,
        anonymous=reading.anonymous,
        message_id=turn.inbound.message_id,
    )


def own_words(turn: Turn, reading: Understanding) -> str:
    """What the resident typed, not the folded form in which it was understood; without 匿名反映."""
    typed = turn.inbound.text.strip()[:1000]
    if reading is not turn.reading or not typed:
        return reading.text
    return written(reading.text, typed) if reading.anonymous else typed


def lacks_place(turn: Turn, said: Said) -> bool:
    """Nobody could find it: no building, and no spot that the estate has only one of."""
    if said.where.unknown:
        return True
    if said.where.building_id is not None:
        return False
    spot = said.where.spot
    return spot is None or spot.startswith(turn.world.rules.building_spots)


def home_building(turn: Turn) -> int | None:
    """The building the speaker lives in, once known."""
    known = turn.directory.people.get(turn.person.key) if turn.person else None
    return known.building_id if known else None


def draft(turn: Turn, said: Said) -> dict[str, Any]:
    """What the wait row keeps of a report until its place is known."""
    return {
        "text": said.text,
        "category": said.category,
        "urgency": said.urgency.value,
        "spot": said.where.spot,
        "estate_id": said.where.estate_id,
        "building": said.where.unknown if said.where.estates else None,
        "unit": said.where.unit,
        "room": said.where.room,
        "why": list(said.why),
        "alarm": said.alarm,
        "against": list(said.against),
        "anonymous": said.anonymous,
        "message_id": said.message_id,
        "photos": list(turn.photos),
        "chat_id": turn.chat.id if turn.chat else None,
        "community_id": turn.community.id,
    }


def undraft(turn: Turn, wait: Wait, place: Place) -> Said:
    """The kept draft with the place now named."""
    kept = wait.data
    chat = turn.directory.chats_by_id.get(kept["chat_id"] or 0)
    building = place.building or (kept.get("building") if place.estate else None)
    unit, room = place.unit or kept["unit"], place.room or kept["room"]
    where = turn.directory.locate(
        kept["community_id"], place.estate, building, unit, room, place.spot or kept["spot"], chat=chat
    )
    return Said(
        text=kept["text"],
        category=kept["category"],
        urgency=Urgency(kept["urgency"]),
        where=where,
        why=tuple(kept["why"]),
        alarm=kept["alarm"],
        against=tuple(kept["against"]),
        anonymous=kept["anonymous"],
        message_id=kept["message_id"],
    )
