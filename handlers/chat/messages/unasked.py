"""确认 and 取消 when nothing waits for them: chatter in a group, one kind line in private."""

from __future__ import annotations

from bot.turns.message import Reply
from bot.turns.router import Router
from bot.turns.turn import Turn

router = Router()


@router.command("yes", "no")
def unasked(turn: Turn) -> Reply | None:
    """Steps are asked first; what comes here answers nothing."""
    return turn.whisper("unasked/nothing_waits") if turn.inbound.direct or turn.inbound.mention else None
