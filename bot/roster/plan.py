"""What an import would do, as data: `compare` and the sheets make it, `write` carries it out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from sqlalchemy import Table
from sqlalchemy.sql.schema import ScalarElementColumnDefault

from models.people.tables import Chat, Person, Post
from models.places.tables import Building, Community, District, Estate, Grid, Household, Street

Row = dict[str, Any]


@dataclass(slots=True)
class Changes:
    """What happens to one table."""

    table: Table
    #: A row of which nothing is known yet.
    blank: Row = field(default_factory=dict)
    added: list[Row] = field(default_factory=list)
    changed: list[Row] = field(default_factory=list)
    #: What differs in any of `changed`; the rest of a row is left alone.
    columns: set[str] = field(default_factory=set)
    #: Ids of rows that vanished from the sheet.
    retired: list[int] = field(default_factory=list)
    unchanged: int = 0
    #: How many of `changed` come back from retirement.
    restored: int = 0
    #: A few of each kind to show: (kind, label).
    examples: dict[str, list[str]] = field(
        default_factory=lambda: {"added": [], "changed": [], "restored": [], "retired": []}
    )

    def __post_init__(self) -> None:
        for column in self.table.columns:
            default = column.default
            self.blank[column.name] = default.arg if isinstance(default, ScalarElementColumnDefault) else None

    def example(self, kind: str, label: str) -> None:
        """Keep the first few."""
        if len(self.examples[kind]) < 5:
            self.examples[kind].append(label)


def _every_sheet() -> dict[str, Changes]:
    """From the tree's root to its leaves, so that what a row refers to is written before it."""
    models = (District, Street, Community, Estate, Grid, Building, Household, Person, Post, Chat)
    return {model.__tablename__: Changes(cast("Table", model.__table__)) for model in models}


@dataclass(slots=True)
class Plan:
    """Everything an import would change, by sheet, and the revision of the roster it was made against."""

    revision: str
    sheets: dict[str, Changes] = field(default_factory=_every_sheet)

    @property
    def changes(self) -> bool:
        """Whether anything would be added or changed."""
        return any(c.added or c.changed for c in self.sheets.values())

    @property
    def retires(self) -> int:
        """How many rows vanished."""
        return sum(len(c.retired) for c in self.sheets.values())


def chunks(values: Sequence[Any], most: int) -> Iterator[Sequence[Any]]:
    """Runs of at most so many, as one statement can carry them."""
    return (values[at : at + most] for at in range(0, len(values), most))
