"""The tree of places: district, street, community, estate, grid, building, household."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id, Owned, refers


class District(Base):
    """区."""

    __tablename__ = "districts"
    id: Mapped[Id]
    name: Mapped[str] = mapped_column(unique=True)


class Street(Base):
    """街道."""

    __tablename__ = "streets"
    __table_args__ = (UniqueConstraint("district_id", "name"),)
    id: Mapped[Id]
    district_id: Mapped[int] = mapped_column(refers("districts"))
    name: Mapped[str]


class Community(Base):
    """社区: the tenant. Every row that belongs to one carries its id."""

    __tablename__ = "communities"
    id: Mapped[Id]
    street_id: Mapped[int] = mapped_column(refers("streets"))
    name: Mapped[str] = mapped_column(unique=True)


class Estate(Owned, Base):
    """小区 or 院."""

    __tablename__ = "estates"
    __table_args__ = (UniqueConstraint("community_id", "name"),)
    name: Mapped[str]
    #: Short and old names by which residents know it, joined by 、.
    aliases: Mapped[str] = mapped_column(default="")
    retired_at: Mapped[datetime | None]


class Grid(Owned, Base):
    """网格."""

    __tablename__ = "grids"
    __table_args__ = (UniqueConstraint("community_id", "name"),)
    name: Mapped[str]
    retired_at: Mapped[datetime | None]


class Building(Owned, Base):
    """楼栋, named as residents say it in short: 「3」, 「B」."""

    __tablename__ = "buildings"
    __table_args__ = (UniqueConstraint("estate_id", "name"), Index("ix_buildings_community", "community_id"))
    estate_id: Mapped[int] = mapped_column(refers("estates"))
    grid_id: Mapped[int | None] = mapped_column(refers("grids"))
    name: Mapped[str]
    retired_at: Mapped[datetime | None]


class Household(Owned, Base):
    """户: one flat, with its floor area in hundredths of a square metre and its owners."""

    __tablename__ = "households"
    __table_args__ = (
        UniqueConstraint("building_id", "unit", "room"),
        CheckConstraint("area >= 0", name="area"),
        Index("ix_households_community", "community_id"),
    )
    building_id: Mapped[int] = mapped_column(refers("buildings"))
    unit: Mapped[str] = mapped_column(default="")
    room: Mapped[str]
    area: Mapped[int] = mapped_column(default=0)
    #: The owners' names, sorted and joined by 、: the same text in the same estate is the same owner.
    owners: Mapped[str] = mapped_column(default="")
    retired_at: Mapped[datetime | None]


class Counter(Base):
    """The last number given of one series of one community."""

    __tablename__ = "counters"
    community_id: Mapped[int] = mapped_column(refers("communities"), primary_key=True)
    series: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[int]
