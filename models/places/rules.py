"""How places and owners are spoken of."""

from __future__ import annotations

import re

from models.places.tables import Household


def is_owner(name: str, owners: str) -> bool:
    """Whether somebody of this name is among a household's `owners`; 「王芳」 is 「王芳(1234)」 too, since
    the mark only tells namesakes apart."""
    if not owners:
        return False
    listed = owners.split("、")
    return (
        name in listed
        or name in {owner.partition("(")[0] for owner in listed}
        or ("(" in name and name.partition("(")[0] in listed)
    )


def building_name(name: str) -> str:
    """How a building is spoken of: 「3栋」, 「B座」."""
    return f"{name}栋" if name.isdigit() else f"{name}座" if len(name) == 1 else name


_MARK = re.compile(r"\s*[(（][^()（）]*[)）]\s*\Z")


def bare(name: str) -> str:
    """The name without the mark that tells namesakes apart: 王芳(1234) is 王芳."""
    return _MARK.sub("", name).strip()


def owners_of(household: Household) -> list[str]:
    """The owners' names of a flat, without marks."""
    return [bare(name) for name in household.owners.split("、") if name.strip()]


def place_label(estate: str, building: str, unit: str | None) -> str:
    """A place as the public may read it: 「金康园小区3栋2单元」; it stops at the unit (promise 8)."""
    inside = building_name(building) + (f"{unit}单元" if unit else "") if building else ""
    return estate + inside
