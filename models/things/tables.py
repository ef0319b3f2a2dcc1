"""Things: whatever has a running number; and the clocks that run for them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped, declared_attr, mapped_column, relationship

from models.base import Base, Owned, partial, refers
from models.things.rules import deadline_kinds, kinds


class Thing(Owned, Base):
    """One number of a community's series, and what it is the number of."""

    __tablename__ = "things"
    __table_args__ = (UniqueConstraint("community_id", "number"),)
    number: Mapped[int]
    kind: Mapped[str] = mapped_column(kinds)


class Numbered:
    """What every mapped class of a thing shares: its row has the id of its `Thing`, which has the number."""

    #: Kind → the class of its rows.
    classes: ClassVar[dict[str, type[Any]]] = {}
    kind: ClassVar[str]

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        if "kind" in cls.__dict__:
            cls.classes[cls.kind] = cls

    @declared_attr
    def id(cls) -> Mapped[int]:  # noqa: N805 - SQLAlchemy's own protocol
        """The id of the thing."""
        return mapped_column(refers("things"), primary_key=True, sort_order=-2)

    @declared_attr
    def community_id(cls) -> Mapped[int]:  # noqa: N805 - likewise
        """The tenant."""
        return mapped_column(refers("communities"), sort_order=-1)

    @declared_attr
    def thing(cls) -> Mapped[Thing]:  # noqa: N805 - likewise
        """Read together with the row."""
        return relationship(Thing, lazy="joined", innerjoin=True)

    @property
    def number(self) -> int:
        """The running number, unique in the community."""
        return self.thing.number


class Placed(Numbered):
    """A thing at a place, as far as it is known: posts act on it there, unless it complains of them."""

    estate_id: Mapped[int | None] = mapped_column(refers("estates"))
    building_id: Mapped[int | None] = mapped_column(refers("buildings"))

    @property
    def accused(self) -> tuple[str, ...]:
        """The posts complained of: they are passed over (回避)."""
        return ()


class Deadline(Owned, Base):
    """One clock that runs for one thing. Open while `settled_at` is NULL; `met` says how it ended (NULL:
    cancelled)."""

    __tablename__ = "deadlines"
    __table_args__ = (
        Index("ix_deadlines_thing", "thing_id"),
        partial("ix_deadlines_due", "due_at", where="settled_at IS NULL AND missed_at IS NULL"),
    )
    thing_id: Mapped[int] = mapped_column(refers("things"))
    what: Mapped[str] = mapped_column(deadline_kinds)
    #: The id of the part of the thing that the clock is about (one department's report-in), if it is not all of it.
    part_id: Mapped[int | None]
    due_at: Mapped[datetime]
    missed_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]
    met: Mapped[bool | None]
