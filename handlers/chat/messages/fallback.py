"""What is left over: chatter stays unanswered; what was said to the bot and not understood gets one kind
line, in private."""

from __future__ import annotations

from bot.turns.message import Reply
from bot.turns.router import Router
from bot.turns.turn import Turn

router = Router()


@router.intent("fallback")
def fallback(turn: Turn) -> Reply | None:
    """Only words to the bot itself deserve a line."""
    if not (turn.inbound.direct or turn.inbound.mention):
        return None
    if turn.inbound.text.strip(" 。！!~～，,.") in turn.world.rules.courtesies:
        return None
    return turn.whisper("help/not_understood")
