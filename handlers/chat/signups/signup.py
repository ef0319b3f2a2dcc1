"""A sign-up in a turn: its title, which one is meant, who may see the whole list."""

from __future__ import annotations

from bot.turns.message import Refused, Reply
from bot.turns.router import Router
from bot.turns.turn import Turn
from models.people.rules import Role
from models.signups.find import own, standing
from models.signups.rules import SIGNUP, public_title
from models.signups.tables import SignUp, SignUpEntry

router = Router()

#: Who sees a list whole without standing on it.
OFFICERS = (Role.CAPTAIN, Role.GRID_MEMBER, Role.SECRETARY, Role.STREET_OFFICER)


def title(turn: Turn, signup: SignUp) -> str:
    """As the public reads it."""
    names = (person.name for person in turn.directory.people.values())
    return public_title(signup.title, names) or turn.world.texts.text("signup/untitled")


def seen(turn: Turn, signup: SignUp) -> bool:
    """Whether the speaker may know that it is there: one off the pages is its group's still."""
    return not signup.hidden or sees_all(turn, signup, standing(turn.session, signup))


@router.kind(SIGNUP, title=title, page="signups", seen=seen)
def follow(_turn: Turn, _signup: SignUp) -> Reply | None:
    """Whatever follows a list is something else."""
    return None


def mine(turn: Turn) -> list[SignUp]:
    """The open ones that the speaker opened or stands on."""
    return own(turn.session, turn.community.id, turn.identity.id)


def serves(turn: Turn, signup: SignUp, roles: tuple[str, ...]) -> bool:
    """Whether the speaker holds one of these posts at the place of the list."""
    try:
        turn.acting(roles, signup)
    except Refused:
        return False
    return True


def sees_all(turn: Turn, signup: SignUp, lines: list[SignUpEntry]) -> bool:
    """The group that passes it around; in a direct chat who stands on it, opened it, or serves there."""
    if not turn.inbound.direct:
        return turn.chat is not None and turn.chat.id == signup.chat_id
    known = {signup.opener_id, *(line.owner_id for line in lines)}
    return turn.identity.id in known or serves(turn, signup, OFFICERS)
