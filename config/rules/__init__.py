"""The figures of law and practice, typed: what `config/rules/*.yaml` says."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit in clock hours or in working days (contract.md: hours are clock hours, days working days)."""

    hours: float = 0
    days: int = 0


@dataclass(frozen=True, slots=True)
class Category:
    """What the rules say of one category."""

    key: str
    name: str
    #: What the public title calls it: 「3栋 · 电梯故障」.
    title: str
    level: int
    urgency: str
    sensitive: bool


@dataclass(frozen=True, slots=True)
class IssueRules:
    """config/rules/issues.yaml."""

    accept: dict[str, Limit]
    resolve: dict[str, Limit]
    report_in_hours: int
    confirm: Limit
    contest_days: int
    place_minutes: int
    context_seconds: int
    visit: Limit
    hold_approval: Limit
    hold_days_max: int
    building_spots: tuple[str, ...]
    courtesies: frozenset[str]
    quiet_from: int
    quiet_until: int
    digest_hours: tuple[int, ...]
    categories: dict[str, Category]

    def category(self, key: str) -> Category:
        """The category, or 其他 for a key nobody knows."""
        return self.categories.get(key) or self.categories["other"]


def load_issue_rules(folder: Path = Path(__file__).parent) -> IssueRules:
    """Read issues.yaml; raises `KeyError` or `TypeError` naming what is missing or misspelt."""
    raw: dict[str, Any] = yaml.safe_load((folder / "issues.yaml").read_text(encoding="utf-8"))
    limits = {
        name: {urgency: Limit(**value) for urgency, value in raw[name].items()}
        for name in ("accept", "resolve")
    }
    categories = {key: Category(key=key, **value) for key, value in raw["categories"].items()}
    plain = {
        name: raw[name]
        for name in (
            "report_in_hours",
            "contest_days",
            "place_minutes",
            "context_seconds",
            "hold_days_max",
            "quiet_from",
            "quiet_until",
        )
    }
    return IssueRules(
        accept=limits["accept"],
        resolve=limits["resolve"],
        building_spots=tuple(raw["building_spots"]),
        courtesies=frozenset(raw["courtesies"]),
        digest_hours=tuple(raw["digest_hours"]),
        categories=categories,
        confirm=Limit(**raw["confirm"]),
        visit=Limit(**raw["visit"]),
        hold_approval=Limit(**raw["hold_approval"]),
        **plain,
    )
