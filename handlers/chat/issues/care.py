"""Violence at home, or somebody who wants to die: answered in private, no issue, nothing in the group."""

from __future__ import annotations

from bot.turns.message import Reply
from bot.turns.turn import Turn
from models.people.rules import Role, candidates

#: Answered in private with the number to ring; no issue, nothing in the group.
PRIVATE_ALARMS = ("violence", "suicide")


def comfort(turn: Turn) -> Reply:
    """Violence at home or somebody who wants to die: a private answer with the number to ring, and the
    secretary is told."""
    secretaries = candidates(
        turn.serving(),
        Role.SECRETARY,
        category="care",
        where=turn.directory.area(turn.community.id, None, None),
    )
    for secretary in secretaries:
        if turn.person is None or secretary.person_id != turn.person.id:
            name = "" if turn.reading.anonymous else _speaker(turn)
            turn.tell(
                secretary,
                f"care/{turn.reading.alarm}_secretary",
                name=name,
                where=turn.chat.name if turn.chat else "",
            )
    return turn.whisper(f"care/{turn.reading.alarm}")


def _speaker(turn: Turn) -> str:
    return turn.person.name if turn.person else turn.inbound.nickname
