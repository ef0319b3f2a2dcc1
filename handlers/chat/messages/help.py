"""帮助: what one can do here."""

from __future__ import annotations

from bot.language import help_lines
from bot.turns.message import Reply
from bot.turns.router import Router
from bot.turns.turn import Turn
from models.people.rules import Role

router = Router()

#: Whose help is the most telling for somebody with several posts.
ORDER = (
    Role.SECRETARY,
    Role.STREET_OFFICER,
    Role.DEPARTMENT_OFFICER,
    Role.GRID_MEMBER,
    Role.CAPTAIN,
    Role.PROPERTY_OFFICER,
)


@router.command("help")
def help_(turn: Turn) -> Reply:
    """Help for one's role, in private."""
    held = {p.role for p in turn.posts()}
    role = next((r for r in ORDER if r in held), None)
    return turn.whisper(
        "help/post" if role else "help/resident", lines=help_lines(role or "resident", turn.board)
    )


@router.intent("help")
def asked_for_help(turn: Turn) -> Reply | None:
    """「怎么用」 said to the bot."""
    return help_(turn) if turn.inbound.direct or turn.inbound.mention else None
