"""People, the posts they hold, and the accounts by which channels know them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id, Owned, refers, words
from models.people.rules import Relation, posts


class Person(Base):
    """Somebody known to the installation by a key of the roster, or entered by a confirmed claim."""

    __tablename__ = "people"
    __table_args__ = (
        Index("ix_people_household", "household_id"),
        Index("ix_people_community", "community_id"),
    )
    id: Mapped[Id]
    key: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    phone: Mapped[str] = mapped_column(default="")
    community_id: Mapped[int | None] = mapped_column(refers("communities"))
    household_id: Mapped[int | None] = mapped_column(refers("households"))
    relation: Mapped[Relation | None] = mapped_column(words(Relation))
    title_checked: Mapped[bool] = mapped_column(default=False)
    #: Entered by 「我是 …」 and confirmed, rather than by an import: a second import does not retire such a
    #: person.
    self_entered: Mapped[bool] = mapped_column(default=False)
    retired_at: Mapped[datetime | None]


class Post(Base):
    """Who serves where, for which categories, from when to when, and for whom as deputy (B 角)."""

    __tablename__ = "posts"
    __table_args__ = (
        CheckConstraint("until IS NULL OR since IS NULL OR until >= since", name="period"),
        Index("ix_posts_person", "person_id"),
        Index("ix_posts_community_role", "community_id", "role"),
    )
    id: Mapped[Id]
    person_id: Mapped[int] = mapped_column(refers("people", personal="keep"))
    role: Mapped[str] = mapped_column(posts)
    #: NULL: the whole installation (a street or department that serves several communities).
    community_id: Mapped[int | None] = mapped_column(refers("communities"))
    estate_id: Mapped[int | None] = mapped_column(refers("estates"))
    building_id: Mapped[int | None] = mapped_column(refers("buildings"))
    grid_id: Mapped[int | None] = mapped_column(refers("grids"))
    department: Mapped[str] = mapped_column(default="")
    #: Category keys joined by a comma; empty = all.
    categories: Mapped[str] = mapped_column(default="")
    #: The person whose stand-in this holder is.
    deputy_for: Mapped[int | None] = mapped_column(refers("people", personal="keep"))
    since: Mapped[datetime | None]
    until: Mapped[datetime | None]


class Absence(Base):
    """请假: from when to when a person's tasks go to the deputy or to equals."""

    __tablename__ = "absences"
    __table_args__ = (
        Index("ix_absences_person_until", "person_id", "until"),
        CheckConstraint("until > since", name="period"),
    )
    id: Mapped[Id]
    person_id: Mapped[int] = mapped_column(refers("people", personal="keep"))
    since: Mapped[datetime]
    until: Mapped[datetime]


class Identity(Base):
    """An account on a channel, and the person behind it once known."""

    __tablename__ = "identities"
    __table_args__ = (UniqueConstraint("channel", "external"), Index("ix_identities_person", "person_id"))
    id: Mapped[Id]
    channel: Mapped[str]
    external: Mapped[str]
    person_id: Mapped[int | None] = mapped_column(refers("people", personal="unlink"))
    #: 别听我的: group messages of this account are not read.
    ignored: Mapped[bool] = mapped_column(default=False)
    seen_at: Mapped[datetime]


class Claim(Owned, Base):
    """「我是 3栋2单元501 李迎新」, waiting for the captain's 「确认住户」 or 「确认业主」."""

    __tablename__ = "claims"
    __table_args__ = (UniqueConstraint("community_id", "number"),)
    number: Mapped[int]
    identity_id: Mapped[int] = mapped_column(refers("identities", personal="delete"))
    household_id: Mapped[int] = mapped_column(refers("households"))
    name: Mapped[str]
    made_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[int | None] = mapped_column(refers("people", personal="keep"))


class Chat(Base):
    """群: a group on some channel, bound to a place."""

    __tablename__ = "chats"
    __table_args__ = (UniqueConstraint("channel", "key"),)
    id: Mapped[Id]
    channel: Mapped[str]
    key: Mapped[str]
    name: Mapped[str]
    community_id: Mapped[int] = mapped_column(refers("communities"))
    estate_id: Mapped[int | None] = mapped_column(refers("estates"))
    building_id: Mapped[int | None] = mapped_column(refers("buildings"))
    retired_at: Mapped[datetime | None]
