"""What is left over: chatter stays unanswered; what was said to the bot and not understood gets one kind
line, in private."""

from __future__ import annotations

from bot.turns.message import Refused, Reply
from bot.turns.router import Router
from bot.turns.turn import Turn

router = Router()


@router.intent("fallback")
def fallback(turn: Turn) -> Reply | None:
    """Only words to the bot itself deserve a line."""
    if not (turn.inbound.direct or turn.inbound.mention):
        return None
    if turn.inbound.text.strip(" 。！!~～，,.") in turn.world.talk.courtesies:
        return None
    return turn.whisper("help/not_understood")


@router.on("media")
def media(turn: Turn) -> Reply | None:
    """A voice bubble or a video that the channel could not turn into text: one kind line."""
    if turn.inbound.media not in ("voice", "video"):
        raise Refused("help/not_understood")
    return turn.whisper(f"help/{turn.inbound.media}")
