"""Sign-ups and their lines."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from models.signups.rules import FRESH, Line, Status, same
from models.signups.tables import SignUp, SignUpEntry
from models.things.tables import Thing


def every_line(session: Session, signup: SignUp) -> list[SignUpEntry]:
    """Its lines, the withdrawn ones too."""
    rows = select(SignUpEntry).where(SignUpEntry.signup_id == signup.id)
    return list(session.scalars(rows.order_by(SignUpEntry.id)))


def standing(session: Session, signup: SignUp) -> list[SignUpEntry]:
    """Its lines in their order."""
    return [line for line in every_line(session, signup) if line.left_at is None]


def open_in(session: Session, chat_id: int) -> list[SignUp]:
    """The open ones of a group, newest first."""
    rows = select(SignUp).where(SignUp.chat_id == chat_id, SignUp.status == Status.OPEN)
    return list(session.scalars(rows.order_by(SignUp.id.desc())))


def own(session: Session, community_id: int, identity_id: int) -> list[SignUp]:
    """The open ones that an account opened or stands on."""
    on_it = exists().where(
        SignUpEntry.signup_id == SignUp.id,
        SignUpEntry.owner_id == identity_id,
        SignUpEntry.left_at.is_(None),
    )
    mine = select(SignUp).where(SignUp.community_id == community_id, SignUp.status == Status.OPEN)
    return list(
        session.scalars(
            mine.where(or_(SignUp.opener_id == identity_id, on_it)).order_by(SignUp.id.desc()).limit(30)
        )
    )


def passed_on(
    session: Session, chat_id: int, number: int | None, title: str, lines: Sequence[Line], now: datetime
) -> SignUp | None:
    """The sign-up of this group that a list is a repost of: the open ones first, one just closed as well."""
    found = select(SignUp).where(SignUp.chat_id == chat_id, SignUp.status != Status.WITHDRAWN)
    if number is not None:
        return session.scalars(found.join(Thing, SignUp.id == Thing.id).where(Thing.number == number)).first()
    alive = or_(SignUp.status == Status.OPEN, SignUp.changed_at > now - FRESH)
    # "open" comes after "closed" in the alphabet.
    newest = found.where(alive).order_by(SignUp.status.desc(), SignUp.id.desc()).limit(30)
    for signup in session.scalars(newest):
        fresh = signup.status is Status.OPEN and signup.changed_at > now - FRESH
        if same(title, lines, signup.title, standing(session, signup), fresh=fresh):
            return signup
    return None


def brought_by(session: Session, identity_id: int, message_id: str) -> SignUp | None:
    """The sign-up to which one message of an account brought lines."""
    brought = SignUpEntry.owner_id == identity_id, SignUpEntry.message_id == message_id
    lines = select(SignUp).join(SignUpEntry, SignUpEntry.signup_id == SignUp.id).where(*brought)
    return session.scalars(lines.limit(1)).first()
