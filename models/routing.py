"""Whose errand is it: who serves where and when, the ladder from captain to department, and why this
person."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import bindparam, exists, func, or_, select
from sqlalchemy.orm import Session

from models.issues import Assignment
from models.people import ROLE_NAMES, Absence, Person, Post, Role

#: One rung up when nobody answers: captain → grid member → secretary → street → department.
LADDER: tuple[Role, ...] = (
    Role.CAPTAIN,
    Role.GRID_MEMBER,
    Role.SECRETARY,
    Role.STREET_OFFICER,
    Role.DEPARTMENT_OFFICER,
)
#: Posts that work issues at all.
HANDLERS: tuple[Role, ...] = (*LADDER, Role.PROPERTY_OFFICER)


@dataclass(frozen=True, slots=True)
class Area:
    """Where an issue is, as posts see it: `grids` is the building's grid, or all grids of an estate when the
    building is not known."""

    estate_id: int | None = None
    building_id: int | None = None
    grids: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Serving:
    """One person in one post that is valid now; `standing_in` is whom a deputy replaces."""

    person_id: int
    key: str
    name: str
    role: Role
    community_id: int | None
    estate_id: int | None
    building_id: int | None
    grid_id: int | None
    department: str
    categories: frozenset[str]
    absent: bool
    standing_in: int | None = None

    def covers(self, where: Area) -> bool:
        """The post's area contains the place; of a place known only by its estate, any grid member of the
        estate may take care."""
        if self.building_id is not None:
            return self.building_id == where.building_id
        if self.grid_id is not None:
            return self.grid_id in where.grids
        return self.estate_id is None or where.estate_id is None or self.estate_id == where.estate_id

    @property
    def label(self) -> str:
        """「楼栋长王建国」; a name that says the post already stands alone."""
        role = ROLE_NAMES[self.role] if self.role is not Role.DEPARTMENT_OFFICER else self.department
        return self.name if self.name.startswith(role) else f"{role}{self.name}"

    @property
    def narrowness(self) -> int:
        """How close the post is to the place: the building's own captain before one for the whole estate."""
        return 3 if self.building_id else 2 if self.grid_id else 1 if self.estate_id else 0


@dataclass(frozen=True, slots=True)
class Choice:
    """Who gets it, on which rung, and why: a key under `why/` in config/texts with its values (promise 7)."""

    who: Serving
    why: dict[str, Any]


_absent_now = exists().where(
    Absence.person_id == Post.person_id, Absence.since <= bindparam("now"), Absence.until > bindparam("now")
)
_SERVING = (
    select(
        Post.person_id,
        Person.key,
        Person.name,
        Post.role,
        Post.community_id,
        Post.estate_id,
        Post.building_id,
        Post.grid_id,
        Post.department,
        Post.categories,
        _absent_now.label("absent"),
        Post.deputy_for,
    )
    .join(Person, Post.person_id == Person.id)
    .where(
        or_(Post.community_id == bindparam("community"), Post.community_id.is_(None)),
        Person.retired_at.is_(None),
        or_(Post.since.is_(None), Post.since <= bindparam("now")),
        or_(Post.until.is_(None), Post.until > bindparam("now")),
    )
    .order_by(Post.id)
)


def serving(session: Session, community_id: int, now: datetime) -> list[Serving]:
    """Everybody in a post of this community now. While the principal is there, a deputy counts as absent: may
    act, is not chosen."""
    rows = session.connection().execute(_SERVING, {"community": community_id, "now": now}).all()
    return list(_everybody(tuple(rows)))


@lru_cache(maxsize=64)
def _everybody(rows: tuple[Any, ...]) -> tuple[Serving, ...]:
    """The rows as posts; kept, since the same rows come back turn after turn."""
    present = [_serving(row) for row in rows if row.deputy_for is None]
    away = {s.person_id for s in present if s.absent}
    here = {s.person_id for s in present} - away
    return (
        *present,
        *(
            _serving(row, absent=bool(row.absent) or row.deputy_for in here)
            for row in rows
            if row.deputy_for is not None
        ),
    )


def _serving(row: Any, *, absent: bool | None = None) -> Serving:
    return Serving(
        row.person_id,
        row.key,
        row.name,
        Role(row.role),
        row.community_id,
        row.estate_id,
        row.building_id,
        row.grid_id,
        row.department,
        _set(row.categories),
        absent=bool(row.absent) if absent is None else absent,
        standing_in=row.deputy_for,
    )


def _set(words: str) -> frozenset[str]:
    return frozenset(w for w in words.split(",") if w)


def candidates(
    everybody: Sequence[Serving],
    role: Role,
    *,
    category: str,
    where: Area,
    without: Collection[int] = (),
    department: str | None = None,
) -> list[Serving]:
    """Who of one role could take it, the best kind first and only that kind: those whose post names the
    category, then those for all
    categories; the closest area first. Equals come back together. Of departments, unless one is named, only
    those for the category."""
    fit = [
        s
        for s in everybody
        if s.role is role
        and not s.absent
        and s.person_id not in without
        and s.covers(where)
        and (
            category in s.categories
            if role is Role.DEPARTMENT_OFFICER and department is None
            else not s.categories or category in s.categories
        )
        and (department is None or s.department == department)
    ]
    if not fit:
        return []
    best = max((bool(s.categories), s.narrowness) for s in fit)
    return [s for s in fit if (bool(s.categories), s.narrowness) == best]


_LOAD = (
    select(Assignment.person_id, func.count(Assignment.id), func.max(Assignment.given_at))
    .where(Assignment.person_id.in_(bindparam("people", expanding=True)), Assignment.ended_at.is_(None))
    .group_by(Assignment.person_id)
)


def least_loaded(session: Session, equals: Sequence[Serving]) -> Serving:
    """Equal captains share the load: fewest tasks in hand, then the longest without a new one, then the
    roster's order."""
    if len(equals) == 1:
        return equals[0]
    loads = {
        r[0]: (r[1], r[2])
        for r in session.connection().execute(_LOAD, {"people": [s.person_id for s in equals]})
    }
    return min(
        equals,
        key=lambda s: (
            (loads[s.person_id][0], str(loads[s.person_id][1])) if s.person_id in loads else (0, "")
        ),
    )


def choose(
    session: Session,
    everybody: Sequence[Serving],
    *,
    rungs: Sequence[Role],
    category: str,
    where: Area,
    against: Collection[str] = (),
    without: Collection[int] = (),
) -> Choice | None:
    """The first rung that has somebody, skipping the posts complained about (promise 11); None when no rung
    has."""
    skipped = [role for role in rungs if role.value in against]
    empty: list[Role] = []
    for role in rungs:
        if role in skipped:
            continue
        equals = candidates(everybody, role, category=category, where=where, without=without)
        if not equals:
            if not candidates(everybody, role, category=category, where=where):
                empty.append(role)
            continue
        who = least_loaded(session, equals)
        return Choice(
            who,
            {
                "role": role.value,
                "area": who.narrowness,
                "specialist": bool(who.categories),
                "equals": len(equals),
                "empty": [r.value for r in empty],
                "avoided": [r.value for r in skipped],
                "deputy": who.standing_in is not None,
            },
        )
    return None


def above(role: Role) -> tuple[Role, ...]:
    """The rungs over a post; the property's duty post stands beside the captain."""
    if role not in LADDER:
        return LADDER[1:]
    return LADDER[LADDER.index(role) + 1 :]


def posts_of(everybody: Sequence[Serving], person_id: int) -> list[Serving]:
    """The posts one person may act in now, absent or not: whoever is on leave may still help."""
    return [s for s in everybody if s.person_id == person_id]
