"""Shares with their intervals, lines of the table, and labelled files."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """A share with its Wilson interval."""

    hits: int
    total: int

    @property
    def share(self) -> float:
        """hits / total, 0 for nothing."""
        return self.hits / self.total if self.total else 0.0

    def interval(self) -> tuple[float, float]:
        """The 95 % Wilson interval."""
        if not self.total:
            return 0.0, 1.0
        z, n, p = 1.96, self.total, self.share
        middle = (p + z * z / (2 * n)) / (1 + z * z / n)
        half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
        return max(0.0, middle - half), min(1.0, middle + half)

    def __str__(self) -> str:
        low, high = self.interval()
        return f"{self.share:.3f} ({self.hits}/{self.total}, {low:.3f}–{high:.3f})"

    def per_thousand(self) -> str:
        """As false alarms per 1,000 lines."""
        low, high = self.interval()
        return f"{1000 * self.share:.2f} ({self.hits}/{self.total}, {1000 * low:.2f}–{1000 * high:.2f})"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: our figure and, where there is one, each baseline's."""

    name: str
    target: str
    ours: str
    crossed: str = ""
    trained: str = ""
    keywords: str = ""


def share(name: str, target: str, hits: Iterable[bool]) -> Row:
    """A line of the table with how many of ours hit."""
    found = list(hits)
    return Row(name, target, str(Figure(sum(found), len(found))))


def fields_of(path: Path) -> list[list[str]]:
    """The fields of each line of a labelled table, its head left out."""
    return [line.split("\t") for line in path.read_text("utf-8").splitlines()[1:]]


def labelled(path: Path) -> list[dict[str, Any]]:
    """The objects of a labelled file of JSON lines."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
