"""What goes with a person: their lines, and who opened a list."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from models.base import changed
from models.people.privacy import Held, Who, listed
from models.signups.rules import Status, public_title
from models.signups.tables import SignUp, SignUpEntry
from models.things.tables import Thing


def erase(session: Session, who: Who, names: Collection[str]) -> list[int]:
    """Delete the lines under these names and take them from the titles of what they opened; the sign-ups on
    which they stood or that they opened. What their accounts sent goes by its column."""
    named = SignUpEntry.name.in_(names)
    theirs = named | SignUpEntry.owner_id.in_(who.ids)
    concerned = set(session.scalars(select(SignUpEntry.signup_id).where(theirs)))
    opened = session.scalars(select(SignUp).where(SignUp.opener_id.in_(who.ids))).all()
    for signup in opened:
        signup.title = public_title(signup.title, names)
    session.flush()
    changed(session, delete(SignUpEntry).where(named))
    return sorted(concerned | {signup.id for signup in opened})


def forget_names(session: Session, before: datetime, *, limit: int = 200) -> int:
    """Take names and notes from sign-ups nobody touched since a moment, and close them; how many."""
    kept = select(SignUpEntry.signup_id).where(SignUpEntry.name != "")
    named = or_(SignUp.opener_id.is_not(None), SignUp.id.in_(kept))
    old = session.scalars(select(SignUp).where(SignUp.changed_at < before, named).limit(limit)).all()
    for signup in old:
        signup.opener_id, signup.title = None, public_title(signup.title)
        signup.status = Status.CLOSED if signup.status is Status.OPEN else signup.status
    session.flush()
    lines = update(SignUpEntry).where(SignUpEntry.signup_id.in_([signup.id for signup in old]))
    changed(session, lines.values(name="", note="", was=[], owner_id=None, message_id=None))
    return len(old)


def held(session: Session, who: Who) -> Held:
    """The lines they sent."""
    lines = {"编号": Thing.number, "标题": SignUp.title, "名字": SignUpEntry.name, "备注": SignUpEntry.note}
    sent = (SignUp.id == Thing.id, SignUpEntry.signup_id == SignUp.id, SignUpEntry.owner_id.in_(who.ids))
    return {"接龙": listed(session, lines, *sent, by=SignUpEntry.id)}
