"""Sign-ups and the lines on them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id, refers, words
from models.signups.rules import SIGNUP, Status
from models.things.tables import Placed


class SignUp(Placed, Base):
    """接龙: the numbered list that residents pass around in a group; its place is that of the chat."""

    kind = SIGNUP

    __tablename__ = "signups"
    __table_args__ = (Index("ix_signups_chat", "chat_id"), Index("ix_signups_opener", "opener_id"))
    #: As the residents wrote it; `public_title` of it is for everybody.
    title: Mapped[str]
    status: Mapped[Status] = mapped_column(words(Status))
    chat_id: Mapped[int] = mapped_column(refers("chats"))
    opener_id: Mapped[int | None] = mapped_column(refers("identities", personal="unlink"))
    #: Abusive: off the public pages.
    hidden: Mapped[bool] = mapped_column(default=False)
    opened_at: Mapped[datetime]
    #: Of the last list that changed something, or of its end.
    changed_at: Mapped[datetime]
    #: When the group last read a line about it.
    said_at: Mapped[datetime]


class SignUpEntry(Base):
    """One line; their order is the order of their ids."""

    __tablename__ = "signup_entries"
    __table_args__ = (
        Index("ix_signup_entries_signup", "signup_id"),
        Index("ix_signup_entries_owner", "owner_id"),
    )
    id: Mapped[Id]
    community_id: Mapped[int] = mapped_column(refers("communities"))
    signup_id: Mapped[int] = mapped_column(refers("signups"))
    name: Mapped[str]
    note: Mapped[str]
    #: Notes it had before: who sends one of them again copied an old list.
    was: Mapped[list[str]] = mapped_column(type_=Base.type_annotation_map[dict[str, Any]], default=list)
    #: The account that sent it first.
    owner_id: Mapped[int | None] = mapped_column(refers("identities", personal="delete"))
    #: The platform's id of that message, for a recall.
    message_id: Mapped[str | None]
    #: It stands in the newest list of the group.
    shown: Mapped[bool] = mapped_column(default=True)
    #: Withdrawn; kept, so that an old copy does not put it on again.
    left_at: Mapped[datetime | None]
