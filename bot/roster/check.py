"""From cells to rows: each sheet by itself, every bad cell reported, before anything is compared with the
database."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, time
from typing import Any

from . import cells
from .files import Book, Table, Tick, shown
from .problem import BadCell, Problem
from .sheets import SHEETS

#: What becomes of a clean text, by sheet and column or by column alone; other columns stay text.
READERS: Mapping[str, Callable[[str], Any]] = {
    "building": cells.building,
    "unit": cells.unit,
    "room": cells.room,
    "area": cells.area,
    "owners": cells.owners,
    "aliases": cells.owners,
    "key": cells.key,
    "deputy_for": cells.key,
    "chat": cells.key,
    "channel": str.lower,
    "phone": cells.phone,
    "relation": cells.relation,
    "title_checked": cells.yes,
    "role": cells.role,
    "categories": cells.categories,
    "from": cells.begins,
    "until": cells.ends,
}
#: What an empty cell means where it is not an empty text.
EMPTY: Mapping[str, Any] = {
    "relation": None,
    "title_checked": None,
    "from": None,
    "until": None,
    "area": 0,
    "role": None,
}
DATES = {"from", "until"}
#: What tells one row of a sheet from another. A post may be held again later, so that posts are compared with
#: their dates (below).
IDENTITY: Mapping[str, tuple[str, ...]] = {
    "communities": ("community",),
    "estates": ("community", "estate"),
    "grids": ("community", "grid"),
    "buildings": ("community", "estate", "building"),
    "households": ("community", "estate", "building", "unit", "room"),
    "people": ("key",),
    "posts": (
        "key",
        "role",
        "community",
        "estate",
        "building",
        "grid",
        "department",
        "deputy_for",
        "categories",
    ),
    "chats": ("channel", "chat"),
}
#: The sheet in which the thing would stand that a reason calls unknown.
MISSING: Mapping[str, str] = {
    "roster/unknown_community": "communities",
    "roster/unknown_estate": "estates",
    "roster/unknown_grid": "grids",
    "roster/unknown_building": "buildings",
    "roster/unknown_household": "households",
    "roster/unknown_person": "people",
}


@dataclass(slots=True)
class Entry:
    """One row: where it stands and what it says. Columns that the sheet does not have are absent from
    `values`."""

    row: int
    values: dict[str, Any]


@dataclass(slots=True)
class Roster:
    """All sheets as rows of values, and everything wrong with them so far."""

    book: Book
    sheets: dict[str, list[Entry]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    notes: list[Problem] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return sum(map(len, self.sheets.values()))

    def blame(self, sheet: str, row: int, column: str, reason: str, **values: Any) -> None:
        """A problem of one cell. What may stand in a sheet that could not be read is not said to be
        missing."""
        if MISSING.get(reason) not in self.book.unread:
            self.problems.append(self._about(sheet, row, column, reason, values))

    def note(self, sheet: str, row: int, column: str, reason: str, **values: Any) -> None:
        """Something worth knowing about one cell."""
        self.notes.append(self._about(sheet, row, column, reason, values))

    def _about(self, sheet: str, row: int, column: str, reason: str, values: dict[str, Any]) -> Problem:
        table = self.book.tables[sheet]
        named = next((c.names[0] for c in SHEETS[sheet].columns if c.key == column), column)
        return Problem(table.file, reason, row=row, column=table.titles.get(column, named), values=values)


def check(book: Book, tick: Tick | None = None) -> Roster:
    """Read every cell of every sheet."""
    roster = Roster(book, problems=list(book.problems), notes=list(book.notes))
    for sheet in SHEETS:
        table = book.tables.get(sheet)
        if table is not None:
            roster.sheets[sheet] = _sheet(roster, table, tick)
            if not roster.sheets[sheet] and not table.rows:
                roster.notes.append(Problem(table.file, "roster/empty"))
    return roster


def _sheet(roster: Roster, table: Table, tick: Tick | None) -> list[Entry]:
    columns = [
        (c, table.columns[c.key], READERS.get(c.key, cells.person_name if c.key == "name" else None))
        for c in SHEETS[table.sheet].columns
        if c.key in table.columns
    ]
    identity = IDENTITY[table.sheet]
    seen: dict[tuple[Any, ...], list[Entry]] = {}
    entries: list[Entry] = []
    for n, (number, row) in enumerate(table.rows, start=1):
        values: dict[str, Any] = {}
        bad: set[str] = set()
        for column, index, reader in columns:
            cell = row[index]
            if type(cell) is not str and isinstance(cell, date | time) and column.key not in DATES:
                roster.blame(table.sheet, number, column.key, "roster/became_date")
                bad.add(column.key)
                continue
            try:
                text = cells.clean(shown(cell))
                if not text:
                    if column.required:
                        raise BadCell("roster/empty_cell")  # noqa: TRY301 - one way to blame a cell
                    values[column.key] = EMPTY.get(column.key, "")
                elif len(text) > column.limit:
                    raise BadCell("roster/too_long", limit=column.limit)  # noqa: TRY301
                else:
                    values[column.key] = reader(text) if reader else text
            except BadCell as error:
                roster.blame(table.sheet, number, column.key, error.reason, **error.values)
                bad.add(column.key)
                values[column.key] = EMPTY.get(column.key, "")
        if table.width is not None and len(row) > table.width:
            spilled = [text for cell in row[table.width :] if (text := shown(cell).strip())]
            if spilled:
                roster.problems.append(
                    Problem(table.file, "roster/spilled", row=number, values={"text": spilled[0][:20]})
                )
        if not bad.intersection(identity):
            entry = Entry(number, values)
            if _first(roster, table.sheet, seen, tuple(values.get(k) for k in identity), entry):
                entries.append(entry)
        if tick and not n % 1000:
            tick(1000)
    return entries


def _first(
    roster: Roster,
    sheet: str,
    seen: dict[tuple[Any, ...], list[Entry]],
    identity: tuple[Any, ...],
    entry: Entry,
) -> bool:
    """Blame a row that says again what another row says."""
    twins = seen.setdefault(identity, [])
    for twin in twins:
        if sheet != "posts" or _overlap(twin, entry):
            column = IDENTITY[sheet][-1] if sheet != "posts" else "key"
            roster.blame(sheet, entry.row, column, "roster/same_again", other=twin.row)
            return False
    twins.append(entry)
    return True


def _overlap(one: Entry, other: Entry) -> bool:
    first, second = ((e.values.get("from"), e.values.get("until")) for e in (one, other))
    return (first[1] is None or second[0] is None or first[1] > second[0]) and (
        second[1] is None or first[0] is None or second[1] > first[0]
    )
