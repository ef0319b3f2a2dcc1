"""The clocks that run for things."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id, refers, words
from models.things.rules import Due


class Deadline(Base):
    """One clock that runs for one issue. Open while `settled_at` is NULL; `met` says how it ended (NULL:
    cancelled)."""

    __tablename__ = "deadlines"
    __table_args__ = (
        Index("ix_deadlines_issue", "issue_id"),
        Index(
            "ix_deadlines_due",
            "due_at",
            sqlite_where=text("settled_at IS NULL AND missed_at IS NULL"),
            postgresql_where=text("settled_at IS NULL AND missed_at IS NULL"),
        ),
    )
    id: Mapped[Id]
    community_id: Mapped[int] = mapped_column(refers("communities"))
    issue_id: Mapped[int] = mapped_column(refers("issues"))
    assignment_id: Mapped[int | None] = mapped_column(refers("assignments"))
    report_in_id: Mapped[int | None] = mapped_column(refers("report_ins"))
    what: Mapped[Due] = mapped_column(words(Due))
    due_at: Mapped[datetime]
    missed_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]
    met: Mapped[bool | None]
