"""An import against the database: which row is new, which differs, which vanished, and of whom the import
speaks. Only reads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from models.base import new_id

from .check import Entry, Roster
from .files import Tick
from .plan import Plan, Row, chunks

#: How many values one IN (…) may hold.
IN_MOST = 500


class Comparison:
    """What all sheets of one import share. Builds `plan`; problems it finds are added to the roster's."""

    def __init__(
        self, connection: Connection, roster: Roster, now: datetime, revision: str, tick: Tick | None = None
    ) -> None:
        self.connection, self.roster, self.now, self.tick = connection, roster, now, tick
        self.plan = Plan(revision)
        #: Ids that the import names, in its own rows or as somebody's home or post: they are not retired.
        self.seen: set[int] = set()
        #: Ids that stand on the roster or will after this import.
        self.live: set[int] = set()
        self.communities = {row["name"]: row for row in self.stored("communities")}
        self._before = {row["id"] for row in self.communities.values()}
        self._merge_communities()
        named = {e.values.get("community") for entries in roster.sheets.values() for e in entries}
        #: The communities that this import speaks of. Where there is one, its name may be left out.
        self.mentioned = {
            row["id"] for name, row in self.communities.items() if name in named or len(self.communities) == 1
        }

    def stored(self, sheet: str, column: str | None = None, values: Iterable[Any] = ()) -> list[Row]:
        """What the database has: everything, or the rows in whose `column` one of the values stands."""
        table = self.plan.sheets[sheet].table
        query = select(table)
        parts = [query]
        if column is not None:
            cell, wanted = table.c[column], set(values)
            parts = [query.where(cell.in_(some)) for some in chunks(sorted(wanted - {None}), IN_MOST)]
            if None in wanted:
                parts.append(query.where(cell.is_(None)))
        rows = [dict(row) for part in parts for row in self.connection.execute(part).mappings()]
        self.live.update(row["id"] for row in rows if row.get("retired_at") is None)
        return rows

    def near(self, sheet: str) -> list[Row]:
        """What the database has of the communities mentioned, and of no community."""
        return self.stored(sheet, "community_id", (*self.mentioned, None))

    def entries(self, sheet: str) -> Iterator[Entry]:
        """The rows of a sheet of the import, counted on the way."""
        for n, entry in enumerate(self.roster.sheets.get(sheet, ()), start=1):
            yield entry
            if self.tick and not n % 1000:
                self.tick(1000)

    def merge(self, sheet: str, existing: Row | None, values: Row, label: str) -> Row:
        """Add the row, change it, or see that it is as it was. Returns it as it will be."""
        changes = self.plan.sheets[sheet]
        if existing is None:
            row = {**changes.blank, "id": new_id(), **values}
            changes.added.append(row)
            changes.example("added", label)
        else:
            back = existing.get("retired_at") is not None
            wanted = {**values, "retired_at": None} if back else values
            differs = [k for k, v in wanted.items() if existing[k] != v]
            row = existing
            if differs:
                row = {**existing, **wanted}
                changes.changed.append(row)
                changes.columns.update(differs)
                changes.restored += back
                changes.example("restored" if back else "changed", label)
            else:
                changes.unchanged += 1
        self.seen.add(row["id"])
        self.live.add(row["id"])
        return row

    def named(
        self, sheet: str, entry: Entry, column: str, found: Row | None, reason: str, **values: Any
    ) -> Row | None:
        """The row that a cell means, if it is on the roster; else the cell is blamed."""
        if found is not None and found["id"] in self.live:
            self.seen.add(found["id"])
            return found
        self.roster.blame(sheet, entry.row, column, reason, retired=found is not None, **values)
        return None

    def speaks_for(self, sheet: str) -> set[int | None]:
        """The communities of which this sheet names everything; None for what belongs to no community. A
        sheet without rows speaks for nobody."""
        entries = self.roster.sheets.get(sheet)
        if not entries:
            return set()
        names = {e.values.get("community") for e in (*entries, *self.roster.sheets.get("communities", ()))}
        scope: set[int | None] = {row["id"] for name, row in self.communities.items() if name in names}
        return scope | {None} if scope and self._before <= scope else scope

    def retire(
        self,
        sheet: str,
        rows: Iterable[Row],
        label: Callable[[Row], str],
        also: Callable[[Row], bool] = lambda _row: False,
    ) -> set[int]:
        """What the sheet should have named, and `also` what it need not name to lose. Returns the ids."""
        scope, changes = self.speaks_for(sheet), self.plan.sheets[sheet]
        for row in rows:
            vanished = row["id"] not in self.seen and row.get("retired_at") is None
            if vanished and (row["community_id"] in scope or also(row)):
                changes.retired.append(row["id"])
                changes.example("retired", label(row))
        return set(changes.retired)

    def _merge_communities(self) -> None:
        districts = {row["name"]: row for row in self.stored("districts")}
        streets = {(row["district_id"], row["name"]): row for row in self.stored("streets")}
        for entry in self.entries("communities"):
            district, street, name = (entry.values[k] for k in ("district", "street", "community"))
            if district not in districts:
                districts[district] = self.merge("districts", None, {"name": district}, district)
            above = districts[district]["id"]
            if (above, street) not in streets:
                streets[above, street] = self.merge(
                    "streets", None, {"district_id": above, "name": street}, street
                )
            values = {"name": name, "street_id": streets[above, street]["id"]}
            self.communities[name] = self.merge("communities", self.communities.get(name), values, name)


def id_of(row: Row | None) -> int | None:
    """The id of what was found, if anything was."""
    return None if row is None else row["id"]


def given(values: Row, *keys: str) -> Row:
    """Those of the columns that the sheet has."""
    return {k: values[k] for k in keys if k in values}
