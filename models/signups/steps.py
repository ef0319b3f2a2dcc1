"""What changes a sign-up. Callers decide whether it is allowed and whom to tell."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete
from sqlalchemy.orm import Session

from models.base import new_id
from models.people.find.directory import ChatInfo
from models.signups.find import every_line, standing
from models.signups.rules import SIGNUP, Line, Merged, Status, listed, merge
from models.signups.tables import SignUp, SignUpEntry
from models.things.steps import number


def open_signup(
    session: Session,
    chat: ChatInfo,
    title: str,
    lines: Iterable[Line],
    *,
    opener_id: int,
    message_id: str | None,
    now: datetime,
) -> SignUp:
    """A new list with the next number of its community."""
    thing = number(session, chat.community_id, SIGNUP)
    signup = SignUp(
        id=thing.id,
        thing=thing,
        community_id=chat.community_id,
        title=title,
        status=Status.OPEN,
        chat_id=chat.id,
        estate_id=chat.estate_id,
        building_id=chat.building_id,
        opener_id=opener_id,
        opened_at=now,
        changed_at=now,
        said_at=now,
    )
    session.add(signup)
    _add(session, signup, listed(lines).values(), opener_id, message_id)
    return signup


def pass_on(
    session: Session,
    signup: SignUp,
    title: str,
    lines: Iterable[Line],
    *,
    sender_id: int,
    message_id: str | None,
    now: datetime,
) -> tuple[Merged[Any], list[SignUpEntry]]:
    """Merge a repost; what it changed, and whose lines fell out of the group's newest list with it."""
    rows = every_line(session, signup)
    done = merge(rows, lines, sender_id)
    for row in done.back:
        row.left_at = None
    for row, note in done.notes:
        row.was, row.note = [*row.was, row.note], note
    leave(done.left, now)
    _add(session, signup, done.added, sender_id, message_id)
    fell = [row for row in done.missing if row.shown]
    for row in rows:
        row.shown = row not in done.missing
    if title and sender_id == signup.opener_id:
        signup.title = title
    if done.added or done.back or done.notes or done.left:
        signup.changed_at = now
    session.flush()
    return done, fell


def _add(
    session: Session, signup: SignUp, lines: Iterable[Line], owner_id: int, message_id: str | None
) -> None:
    session.add_all(
        SignUpEntry(
            id=new_id(),
            community_id=signup.community_id,
            signup_id=signup.id,
            name=line.name,
            note=line.note,
            owner_id=owner_id,
            message_id=message_id,
        )
        for line in lines
    )


def leave(lines: Sequence[SignUpEntry], now: datetime) -> None:
    """These lines count no longer."""
    for line in lines:
        line.left_at = now


def said(signup: SignUp, now: datetime) -> None:
    """The group reads a line about it."""
    signup.said_at = now


def close(signup: SignUp, now: datetime) -> None:
    """Nobody is added any more."""
    signup.status, signup.changed_at = Status.CLOSED, now


def withdraw(session: Session, signup: SignUp, now: datetime) -> None:
    """It was nothing: its words go with it."""
    session.execute(delete(SignUpEntry).where(SignUpEntry.signup_id == signup.id))
    signup.status, signup.title, signup.changed_at = Status.WITHDRAWN, "", now


def take_back(session: Session, signup: SignUp, owner_id: int, message_id: str, now: datetime) -> None:
    """A recalled message: the lines it brought go, and what it opened alone goes with them."""
    mine = SignUpEntry.signup_id == signup.id, SignUpEntry.owner_id == owner_id
    session.execute(delete(SignUpEntry).where(*mine, SignUpEntry.message_id == message_id))
    if signup.opener_id == owner_id and not standing(session, signup):
        withdraw(session, signup, now)


def hide(signup: SignUp) -> None:
    """Abusive: off the public pages."""
    signup.hidden = True
