"""What is said to a sign-up by its number: 接龙 17, 进度 17, 结束接龙 17, 撤回 17, 隐藏 17."""

from __future__ import annotations

from bot.turns.message import Refused, Reply
from bot.turns.router import Router
from bot.turns.turn import Turn
from handlers.chat.signups.signup import mine, sees_all, serves
from models.people.rules import Role
from models.signups import steps
from models.signups.find import open_in, standing
from models.signups.rules import SIGNUP, Status, folded
from models.signups.tables import SignUp

router = Router()

#: The longest list a chat bears, in characters; and who may close one, or take one off the pages.
LONGEST = 1_000
CLOSERS = (Role.CAPTAIN, Role.SECRETARY)
HIDERS = (Role.GRID_MEMBER, Role.SECRETARY, Role.STREET_OFFICER)


def _here(turn: Turn) -> list[SignUp]:
    """The open ones of this group; in a direct chat one's own."""
    return open_in(turn.session, turn.chat.id) if turn.chat is not None else mine(turn)


@router.command_on(SIGNUP, "signup", among=_here)
def whole(turn: Turn, signup: SignUp) -> Reply:
    """接龙 17: the merged list, ready to be copied."""
    lines = standing(turn.session, signup)
    link = "" if signup.hidden else f"{turn.board}/signups/{signup.number}"
    if signup.status is Status.WITHDRAWN or not sees_all(turn, signup, lines):
        return _stands(turn, signup, link)
    if sum(len(line.name) + len(line.note) for line in lines) > LONGEST:
        return turn.say("signup/long", about=signup, count=len(lines), link=link)
    status = signup.status.value
    return turn.say("signup/list", about=signup, status=status, written=signup.title, lines=lines)


@router.command_on(SIGNUP, "progress", among=mine)
def progress(turn: Turn, signup: SignUp) -> Reply:
    """进度 17: how many, and where the speaker stands on it."""
    return _stands(turn, signup)


def _stands(turn: Turn, signup: SignUp, link: str = "") -> Reply:
    lines = standing(turn.session, signup)
    own = [n for n, line in enumerate(lines, 1) if line.owner_id == turn.identity.id]
    status = signup.status.value
    return turn.whisper("signup/stands", about=signup, status=status, count=len(lines), own=own, link=link)


@router.command_on(SIGNUP, "close_signup", among=_here)
def close(turn: Turn, signup: SignUp) -> Reply:
    """结束接龙 17: by whoever opened it, the captain of the place, or the secretary."""
    if turn.identity.id != signup.opener_id and not serves(turn, signup, CLOSERS):
        posts = turn.role_names(CLOSERS)
        raise Refused("signup/not_yours", about_number=signup.number, posts=posts)
    if signup.status is not Status.OPEN:
        raise Refused("signup/already_closed", about_number=signup.number)
    steps.close(signup, turn.now)
    return turn.say("signup/closed", about=signup, count=len(standing(turn.session, signup)))


@router.command_on(SIGNUP, "withdraw", among=mine)
def withdraw(turn: Turn, signup: SignUp) -> Reply:
    """撤回 17 [name]: the whole list while nobody else stands on it, else the own line."""
    if signup.status is not Status.OPEN:
        raise Refused("signup/already_closed", about_number=signup.number)
    lines = standing(turn.session, signup)
    own = [line for line in lines if line.owner_id == turn.identity.id]
    rest = folded(turn.command.rest)
    named = [line for line in own if not rest or folded(line.name) == rest]
    if turn.identity.id == signup.opener_id and len(lines) < 2 and named == lines:
        steps.withdraw(turn.session, signup, turn.now)
        return turn.say("signup/withdrawn", about=signup)
    if not own:
        raise Refused("signup/no_line", about_number=signup.number)
    if len(named) != 1:
        # A name that is none of theirs takes nothing away.
        names = [line.name for line in named or own]
        raise Refused("signup/which_line", about_number=signup.number, names=names)
    steps.leave(named, turn.now)
    return turn.say("signup/left", about=signup, name=named[0].name, count=len(lines) - 1)


@router.command_on(SIGNUP, "hide", among=mine)
def hide(turn: Turn, signup: SignUp) -> Reply:
    """隐藏 17: off the public pages."""
    turn.acting(HIDERS, signup)
    steps.hide(signup)
    return turn.whisper("signup/hidden", about=signup)
