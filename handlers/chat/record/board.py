"""公示栏: where everything stands."""

from __future__ import annotations

from bot.turns.message import Reply
from bot.turns.router import Router
from bot.turns.turn import Turn

router = Router()


@router.command("board")
def board(turn: Turn) -> Reply:
    """公示: the public board."""
    return turn.say("help/board", board=turn.board)
