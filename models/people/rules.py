"""Posts, who covers which place, the ladder from captain to department, and names as people say them."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Role(StrEnum):
    """The eleven posts of design.md §1."""

    CAPTAIN = "captain"
    GRID_MEMBER = "grid_member"
    SECRETARY = "secretary"
    STREET_OFFICER = "street_officer"
    DEPARTMENT_OFFICER = "department_officer"
    PROPERTY_OFFICER = "property_officer"
    OWNERS_COMMITTEE = "owners_committee"
    PREPARATORY_GROUP = "preparatory_group"
    CONTRACTOR = "contractor"
    WITNESS = "witness"
    AUDITOR = "auditor"


#: What a post is called where residents read it (design.md §1).
ROLE_NAMES: dict[Role, str] = {
    Role.CAPTAIN: "楼栋长",
    Role.GRID_MEMBER: "网格员",
    Role.SECRETARY: "社区书记",
    Role.STREET_OFFICER: "街道",
    Role.DEPARTMENT_OFFICER: "部门",
    Role.PROPERTY_OFFICER: "物业",
    Role.OWNERS_COMMITTEE: "业委会",
    Role.PREPARATORY_GROUP: "筹备组",
    Role.CONTRACTOR: "施工方",
    Role.WITNESS: "监票人",
    Role.AUDITOR: "审计",
}


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


def above(role: Role) -> tuple[Role, ...]:
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
_FAMILIAR = (
    "奶奶",
    "爷爷",
    "阿姨",
    "叔叔",
    "大爷",
    "大妈",
    "大哥",
    "大姐",
    "先生",
    "女士",
    "师傅",
    "老师",
    "小姐",
    "妈妈",
    "爸爸",
    "嬢嬢",
    "孃孃",
    "业主",
    "住户",
    "租户",
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
    return name if _NAME.fullmatch(name) and not name.endswith(_FAMILIAR) else ""
