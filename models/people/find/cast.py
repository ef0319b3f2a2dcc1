"""Who can be played on the sandbox page: the whole roster, searchable, with posts and homes. Never on a public page."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from models.people.rules import ROLE_NAMES
from models.people.tables import Person, Post
from models.places.rules import building_name
from models.places.tables import Building, Estate, Grid, Household

#: The groups of the picker, in this order; residents (None) come first.
ORDER: tuple[str | None, ...] = (None, *ROLE_NAMES)


@dataclass(frozen=True, slots=True)
class Player:
    """One person of the roster."""

    key: str
    name: str
    #: 「楼栋长 3栋」; empty for residents without a post.
    post: str
    home: str


@dataclass(slots=True)
class Group:
    """The people of one kind."""

    role: str | None
    people: list[Player] = field(default_factory=list)
    #: More are found by searching.
    more: bool = False


def cast(session: Session, now: datetime, *, asked: str = "", limit: int = 40) -> list[Group]:
    """Everybody whose name, key or home contains `asked`, by kind; a person with two posts is in two
    groups."""
    groups = {role: Group(role) for role in ORDER}
    posts = (
        select(Post, Person.id, Estate.name, Building.name, Grid.name)
        .join(Person, Post.person_id == Person.id)
        .outerjoin(Estate, Post.estate_id == Estate.id)
        .outerjoin(Building, Post.building_id == Building.id)
        .outerjoin(Grid, Post.grid_id == Grid.id)
        .where(
            Person.retired_at.is_(None),
            or_(Post.since.is_(None), Post.since <= now),
            or_(Post.until.is_(None), Post.until > now),
        )
        .order_by(Post.role, Post.id)
    )
    serving: dict[int, list[tuple[str, str]]] = {}
    for post, person_id, estate, building, grid in session.execute(posts):
        where = building_name(building) if building else grid or estate or ""
        label = " ".join(part for part in (ROLE_NAMES[post.role], post.department, where) if part)
        serving.setdefault(person_id, []).append((post.role, label))
    homes = addresses().where(Person.retired_at.is_(None))
    if asked:
        like = f"%{asked.replace('%', '').replace('_', '')}%"
        home = (
            func.coalesce(Building.name, "")
            + "栋"
            + func.coalesce(Household.unit, "")
            + "单元"
            + func.coalesce(Household.room, "")
        )
        homes = homes.where(
            or_(Person.name.like(like), Person.key.like(like), home.like(like), Household.room.like(like))
        )
    officers = homes.where(Person.id.in_(serving)).order_by(func.length(Person.key), Person.key)
    for row in session.execute(officers):
        for role, label in serving[row.id]:
            _add(groups[role], Player(row.key, row.name, label, address(row)), max(limit, 200))
    residents = (
        homes.where(Person.household_id.is_not(None), Person.id.not_in(serving))
        .order_by(func.length(Person.key), Person.key)
        .limit(limit + 1)
    )
    for row in session.execute(residents):
        _add(groups[None], Player(row.key, row.name, "", address(row)), limit)
    return [group for group in groups.values() if group.people]


def player(session: Session, key: str, now: datetime) -> Player | None:
    """One person by key."""
    row = session.execute(addresses().where(Person.key == key, Person.retired_at.is_(None))).first()
    if row is None:
        return None
    valid = (or_(Post.since.is_(None), Post.since <= now), or_(Post.until.is_(None), Post.until > now))
    posts = session.execute(
        select(Post.role, Post.department).where(Post.person_id == row.id, *valid).order_by(Post.id)
    )
    label = "、".join(dict.fromkeys(f"{department}{ROLE_NAMES[role]}" for role, department in posts))
    return Player(row.key, row.name, label, address(row))


def addresses() -> Select[int, str, str, str, str, str, str]:
    """Everybody, with the parts of their address."""
    return (
        select(
            Person.id,
            Person.key,
            Person.name,
            Estate.name.label("estate"),
            Building.name.label("building"),
            Household.unit,
            Household.room,
        )
        .outerjoin(Household, Person.household_id == Household.id)
        .outerjoin(Building, Household.building_id == Building.id)
        .outerjoin(Estate, Building.estate_id == Estate.id)
    )


def address(row: object) -> str:
    """The address in such a row, without its estate."""
    building, unit, room = (
        getattr(row, "building", None),
        getattr(row, "unit", None),
        getattr(row, "room", None),
    )
    if not building:
        return ""
    return building_name(building) + (f"{unit}单元" if unit else "") + (room or "")


def _add(group: Group, person: Player, limit: int) -> None:
    if len(group.people) < limit:
        group.people.append(person)
    else:
        group.more = True
