"""帮助 and 公示: what one can do here, and where everything stands."""

from __future__ import annotations

from urllib.parse import quote

from bot.language import help_lines
from bot.message import Reply
from bot.router import Router
from bot.turn import Turn
from models.people import Role

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
        "help/post" if role else "help/resident", lines=help_lines(role or "resident", board_link(turn))
    )


@router.intent("help")
def asked_for_help(turn: Turn) -> Reply | None:
    """「怎么用」 said to the bot."""
    return help_(turn) if turn.inbound.direct or turn.inbound.mention else None


@router.command("board")
def board(turn: Turn) -> Reply:
    """公示: the public board."""
    return turn.say("help/board", board=board_link(turn))


def board_link(turn: Turn) -> str:
    """The address of the community's board."""
    return f"{turn.world.url}/c/{quote(turn.community.name)}"
