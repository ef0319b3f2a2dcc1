"""A message that could not be delivered: somebody is told."""

from __future__ import annotations

from bot.turns.router import Router
from bot.turns.turn import Turn
from models.messages.tables import Outbox
from models.people.find.serving import accounts_of
from models.people.rules import Area, Role, candidates

router = Router()


@router.on("given_up")
def given_up(turn: Turn, row: Outbox) -> None:
    """The secretary is told, unless it was for the secretary: whoever cannot be reached cannot be told so
    either."""
    if row.community_id is None:
        return
    turn.in_community(row.community_id)
    secretaries = candidates(turn.serving(), Role.SECRETARY, category="other", where=Area())
    theirs = accounts_of(turn.session, [s.person_id for s in secretaries])
    if any((channel, f"dm:{external}") == (row.channel, row.address) for channel, external in theirs):
        return
    for secretary in secretaries:
        turn.tell(secretary, "task/gave_up", address=row.address, reminder=True)
