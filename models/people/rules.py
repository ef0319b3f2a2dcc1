"""Posts, who covers which place, the ladder from captain to department, and names as people say them."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from models.base import OpenSet

posts = OpenSet("post")
#: What a post is called where residents read it.
ROLE_NAMES = posts.titles


class Role:
    """The eleven posts of design.md §1; later subjects add theirs."""

    CAPTAIN = posts.add("captain", "楼栋长")
    GRID_MEMBER = posts.add("grid_member", "网格员")
    SECRETARY = posts.add("secretary", "社区书记")
    STREET_OFFICER = posts.add("street_officer", "街道")
    DEPARTMENT_OFFICER = posts.add("department_officer", "部门")
    PROPERTY_OFFICER = posts.add("property_officer", "物业")
    OWNERS_COMMITTEE = posts.add("owners_committee", "业委会")
    PREPARATORY_GROUP = posts.add("preparatory_group", "筹备组")
    CONTRACTOR = posts.add("contractor", "施工方")
    WITNESS = posts.add("witness", "监票人")
    AUDITOR = posts.add("auditor", "审计")


class Relation(StrEnum):
    """How a person belongs to a household."""

    OWNER = "owner"
    FAMILY = "family"
    TENANT = "tenant"


RELATION_NAMES: dict[Relation, str] = {
    Relation.OWNER: "业主",
    Relation.FAMILY: "家人",
    Relation.TENANT: "租户",
}
#: One rung up when nobody answers: captain → grid member → secretary → street → department.
LADDER: tuple[str, ...] = (
    Role.CAPTAIN,
    Role.GRID_MEMBER,
    Role.SECRETARY,
    Role.STREET_OFFICER,
    Role.DEPARTMENT_OFFICER,
)
#: Posts that work issues at all.
HANDLERS: tuple[str, ...] = (*LADDER, Role.PROPERTY_OFFICER)


#: Posts whose holder may act anywhere in the community, whatever place is written beside the post.
WIDE: tuple[str, ...] = (Role.STREET_OFFICER, Role.DEPARTMENT_OFFICER, Role.SECRETARY)


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
    role: str
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
        role = ROLE_NAMES[self.role] if self.role != Role.DEPARTMENT_OFFICER else self.department
        return self.name if self.name.startswith(role) else f"{role}{self.name}"

    @property
    def narrowness(self) -> int:
        """How close the post is to the place: the building's own captain before one for the whole estate."""
        return 3 if self.building_id else 2 if self.grid_id else 1 if self.estate_id else 0


@dataclass(slots=True)
class Leaving:
    """Somebody thinks of giving up a post; whoever listens adds the numbers of what is in their hands."""

    person_id: int
    role: str
    tasks: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Left:
    """Somebody went away for a time, or gave up posts for good; whoever listens moves what was in their hands
    and writes down what became of it."""

    person_id: int
    name: str
    #: Why, in words for whoever takes over.
    reason: str
    for_good: bool
    #: (number, to whom) of each thing that went over, and the numbers nobody else could take.
    handed: list[tuple[int, str]] = field(default_factory=list)
    kept: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Equals:
    """Several who may be asked alike; whoever listens says who has the least to do."""

    people: Sequence[Serving]
    who: list[Serving] = field(default_factory=list)


class Acting(Protocol):
    """Somebody who acts in a post: a `Serving`, or whoever holds an assignment."""

    @property
    def role(self) -> str:
        """The post."""

    @property
    def person_id(self) -> int:
        """Who holds it."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Who gets it, on which rung, and why: a key under `why/` in config/texts with its values (promise 7)."""

    who: Serving
    why: dict[str, Any]


def candidates(
    everybody: Sequence[Serving],
    role: str,
    *,
    category: str,
    where: Area,
    without: Collection[int] = (),
    department: str | None = None,
) -> list[Serving]:
    """Who of one role could take it, the best kind first and only that kind: those whose post names the
    category, then those for all categories; the closest area first. Equals come back together. Of
    departments, unless one is named, only those for the category."""
    fit = [
        s
        for s in everybody
        if s.role == role
        and not s.absent
        and s.person_id not in without
        and s.covers(where)
        and (
            category in s.categories
            if role == Role.DEPARTMENT_OFFICER and department is None
            else not s.categories or category in s.categories
        )
        and (department is None or s.department == department)
    ]
    if not fit:
        return []
    best = max((bool(s.categories), s.narrowness) for s in fit)
    return [s for s in fit if (bool(s.categories), s.narrowness) == best]


def above(role: str) -> tuple[str, ...]:
    """The rungs over a post; the property's duty post stands beside the captain."""
    if role not in LADDER:
        return LADDER[1:]
    return LADDER[LADDER.index(role) + 1 :]


def posts_of(everybody: Sequence[Serving], person_id: int) -> list[Serving]:
    """The posts one person may act in now, absent or not: whoever is on leave may still help."""
    return [s for s in everybody if s.person_id == person_id]


_HAN = r"[\u4e00-\u9fff]"
_NAME = re.compile(rf"{_HAN}{{2,4}}|{_HAN}{{1,8}}(?:·{_HAN}{{1,8}}){{1,3}}")
#: The room ends the address; what follows may be 室, what they are (业主), and the name.
_ROOM = re.compile(r"(?<!\d)\d{2,4}(?!\d)(?P<after>(?:室|号房|号|房)?(?P<rest>[^\d]*))(?:\d{5,}\D*)?\Z")
_LINK = re.compile(
    r"^(?:[\s,，、:：.。的]|业主|租户|住户|租客|户主|房主|家人|我叫|名叫|叫|姓名是?|名字是?|我是)+"
)
_BEFORE = re.compile(
    rf"(?:我叫|名叫|姓名是?|名字是?|我是|叫|^)[\s:：]*(?P<name>{_HAN}{{2,4}}|{_HAN}{{1,8}}(?:·{_HAN}{{1,8}})+)[\s,，、。]"
)
#: How neighbours are called, but no name for a roll.
_FAMILIAR = re.compile(
    r"(?:奶奶|爷爷|阿姨|叔叔|大爷|大妈|大哥|大姐|先生|女士|师傅|老师|小姐|妈妈|爸爸|嬢嬢|孃孃|业主|住户|租户)$"
)


def spoken_name(words: str) -> str:
    """The full name in 「3栋2单元501的李迎新」: what follows the address, else what 「我叫」 introduces.
    Empty when there is none."""
    words = words.strip(" ,，。.!！~")
    room = _ROOM.search(words)
    if room is not None and (found := _full(_LINK.sub("", room["rest"]))):
        return found
    before = _BEFORE.search(words + " ")
    return _full(before["name"]) if before else ""


def _full(name: str) -> str:
    name = re.sub(r"[\sA-Za-z,，。.!！]+", "", name)
    return name if _NAME.fullmatch(name) and not _FAMILIAR.search(name) else ""


def choose(
    everybody: Sequence[Serving],
    *,
    rungs: Sequence[str],
    category: str,
    where: Area,
    against: Collection[str] = (),
    without: Collection[int] = (),
    pick: Callable[[Sequence[Serving]], Serving] = lambda equals: equals[0],
) -> Choice | None:
    """The first rung that has somebody, skipping the posts complained about (promise 11); of equals, whom
    `pick` picks. None when no rung has anybody."""
    skipped = [role for role in rungs if role in against]
    empty: list[str] = []
    for role in rungs:
        if role in skipped:
            continue
        equals = candidates(everybody, role, category=category, where=where, without=without)
        if not equals:
            if not candidates(everybody, role, category=category, where=where):
                empty.append(role)
            continue
        who = pick(equals)
        return Choice(
            who,
            {
                "role": role,
                "area": who.narrowness,
                "specialist": bool(who.categories),
                "equals": len(equals),
                "empty": empty,
                "avoided": skipped,
                "deputy": who.standing_in is not None,
            },
        )
    return None
