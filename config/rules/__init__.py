"""The figures of law and practice, typed: what `config/rules/*.yaml` says."""

from __future__ import annotations

from pathlib import Path

import yaml
from pydantic import ConfigDict, TypeAdapter
from pydantic.dataclasses import dataclass

#: A file that names something unknown, or leaves something out, stops the start.
_STRICT = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True, config=_STRICT)
class Limit:
    """A limit in clock hours or in working days (contract.md: hours are clock hours, days working days)."""

    hours: float = 0
    days: int = 0


@dataclass(frozen=True, slots=True, config=_STRICT)
class Category:
    """What the rules say of one category."""

    key: str
    name: str
    #: What the public title calls it: 「3栋 · 电梯故障」.
    title: str
    level: int
    urgency: str
    sensitive: bool


@dataclass(frozen=True, slots=True, config=_STRICT)
class IssueRules:
    """config/rules/issues.yaml."""

    accept: dict[str, Limit]
    resolve: dict[str, Limit]
    report_in_hours: int
    confirm: Limit
    contest_days: int
    place_minutes: int
    visit: Limit
    hold_approval: Limit
    hold_days_max: int
    building_spots: tuple[str, ...]
    categories: dict[str, Category]

    def category(self, key: str) -> Category:
        """The category, or 其他 for a key nobody knows."""
        return self.categories.get(key) or self.categories["other"]


@dataclass(frozen=True, slots=True, config=_STRICT)
class TalkRules:
    """config/rules/talk.yaml."""

    context_seconds: int
    quiet_from: int
    quiet_until: int
    digest_hours: tuple[int, ...]
    courtesies: frozenset[str]


def load_issue_rules(folder: Path = Path(__file__).parent) -> IssueRules:
    """Read issues.yaml; raises `pydantic.ValidationError` naming what is missing or misspelt."""
    raw = yaml.safe_load((folder / "issues.yaml").read_text(encoding="utf-8"))
    raw["categories"] = {key: {"key": key, **value} for key, value in raw["categories"].items()}
    return TypeAdapter(IssueRules).validate_python(raw)


def load_talk_rules(folder: Path = Path(__file__).parent) -> TalkRules:
    """Read talk.yaml; raises `pydantic.ValidationError` naming what is missing or misspelt."""
    raw = yaml.safe_load((folder / "talk.yaml").read_text(encoding="utf-8"))
    return TypeAdapter(TalkRules).validate_python(raw)
