"""What came in, what goes out, and what a conversation waits for."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id, partial, refers, words
from models.messages.rules import Delivery, steps


class Inbox(Base):
    """A message that was for the bot: one row however often the platform sends it. No text, no name."""

    __tablename__ = "inbox"
    __table_args__ = (UniqueConstraint("channel", "message_id"), Index("ix_inbox_at", "at"))
    id: Mapped[Id]
    channel: Mapped[str]
    message_id: Mapped[str]
    at: Mapped[datetime]


class Outbox(Base):
    """One outgoing message to one chat. Its id is the key by which a peer may recognise a second delivery."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index("ix_outbox_turn", "turn_id"),
        Index("ix_outbox_receipt", "channel", "address", "receipt"),
        partial("ix_outbox_pending", "due_at", where="delivery = 'pending'"),
        partial("ix_outbox_quiet", "not_before", where="delivery = 'quiet'"),
        Index("ix_outbox_about", "about"),
    )
    id: Mapped[Id]
    community_id: Mapped[int | None] = mapped_column(refers("communities"))
    #: The inbox row whose answer this is; a repeated message is answered from these rows.
    turn_id: Mapped[int | None] = mapped_column(refers("inbox", ondelete="SET NULL"))
    channel: Mapped[str]
    #: A group's key, or `dm:` and the account's external id.
    address: Mapped[str]
    #: {"text", "buttons": [{"label", "send"}], "images": [url], "links": [url]}
    body: Mapped[dict[str, Any]]
    #: The thing it speaks of, so that quoting it names the thing.
    about: Mapped[int | None] = mapped_column(refers("things"))
    at: Mapped[datetime]
    delivery: Mapped[Delivery] = mapped_column(words(Delivery))
    #: Business time before which it may not go out (quiet hours).
    not_before: Mapped[datetime | None]
    #: Wall time of the next attempt, of the lease's end, and when the attempts began.
    due_at: Mapped[datetime]
    leased_until: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str] = mapped_column(default="")
    sent_at: Mapped[datetime | None]
    #: The platform's own id of the delivered message.
    receipt: Mapped[str | None]


class Wait(Base):
    """What one person's conversation in one chat waits for: at most one thing, until a moment."""

    __tablename__ = "waits"
    __table_args__ = (
        UniqueConstraint("identity_id", "address"),
        Index("ix_waits_until", "until"),
        Index("ix_waits_thing", "thing_id"),
    )
    id: Mapped[Id]
    identity_id: Mapped[int] = mapped_column(refers("identities", personal="delete"))
    channel: Mapped[str]
    #: The sender's external id and the chat, repeated here so that the mirror in memory needs no join.
    sender: Mapped[str]
    address: Mapped[str]
    step: Mapped[str] = mapped_column(steps)
    thing_id: Mapped[int | None] = mapped_column(refers("things"))
    data: Mapped[dict[str, Any]] = mapped_column(default=dict)
    until: Mapped[datetime]

    @property
    def holds_draft(self) -> bool:
        """Something a resident wrote that has no number yet is kept here."""
        return self.thing_id is None and "text" in self.data
