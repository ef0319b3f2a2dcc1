"""From files to cells: a folder of CSV files, one CSV file or one workbook, with limits, so that no file can
fill the memory."""

from __future__ import annotations

import csv
import io
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from openpyxl import load_workbook

from .problem import Problem
from .sheets import SHEETS, column_of, sheet_of

#: Limits of one import.
MAX_BYTES, MAX_UNPACKED, MAX_PARTS, MAX_ROWS, MAX_COLUMNS = 64 << 20, 512 << 20, 2000, 400_000, 64
#: The header is looked for in this many rows.
HEADER_WITHIN = 10
#: A header names at least so many columns that we know.
HEADER_AT_LEAST = 2

#: Called with the number of rows read so far.
Tick = Callable[[int], None]


class Unreadable(Exception):
    """Nothing can be read at all; carries one problem."""

    def __init__(self, file: str, reason: str, **values: Any) -> None:
        super().__init__(reason)
        self.problem = Problem(file, reason, values=values)


@dataclass(slots=True)
class Table:
    """One sheet as read: cells by column, rows numbered as the spreadsheet numbers them."""

    sheet: str
    file: str
    #: Column key → its index in a row.
    columns: dict[str, int]
    #: Column key → the header as written.
    titles: dict[str, str]
    #: Where cells end; in CSV a name that spilled over a comma lies beyond. None for worksheets, where people
    #: keep remarks there.
    width: int | None
    rows: list[tuple[int, list[Any]]]


@dataclass(slots=True)
class Book:
    """All sheets found, what is wrong with the files themselves, and what was left unread."""

    path: Path
    tables: dict[str, Table] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    notes: list[Problem] = field(default_factory=list)
    #: Sheets that are there and could not be read to their end: what other sheets refer to may stand in them.
    unread: set[str] = field(default_factory=set)

    def blame(
        self, file: str, reason: str, *, row: int | None = None, column: str | None = None, **values: Any
    ) -> None:
        """Something for which the roster cannot be taken."""
        self.problems.append(Problem(file, reason, row, column, values))

    def note(
        self, file: str, reason: str, *, row: int | None = None, column: str | None = None, **values: Any
    ) -> None:
        """Something worth knowing."""
        self.notes.append(Problem(file, reason, row, column, values))


def read(path: Path, tick: Tick | None = None) -> Book:
    """Read a folder, a .csv or an .xlsx. Raises `Unreadable` when there is nothing to look at."""
    if path.is_dir():
        files = sorted(
            f
            for f in path.iterdir()
            if f.suffix.lower() == ".csv" and f.is_file() and not f.name.startswith((".", "~"))
        )
        book = _folder(path, files, tick)
    elif not path.exists():
        raise Unreadable(str(path), "roster/no_file")
    elif path.suffix.lower() == ".csv":
        book = _folder(path, [path], tick)
    elif path.suffix.lower() in {".xlsx", ".xlsm"}:
        book = _workbook(path, tick)
    else:
        raise Unreadable(path.name, "roster/not_a_roster")
    if not book.tables and not book.problems:
        raise Unreadable(
            path.name or str(path), "roster/nothing_known", names=[s.key for s in SHEETS.values()]
        )
    return book


def _folder(path: Path, files: Iterable[Path], tick: Tick | None) -> Book:
    book = Book(path)
    for file in files:
        sheet = sheet_of(file.stem)
        if sheet is None:
            book.note(file.name, "roster/file_unused")
        elif file.stat().st_size > MAX_BYTES:
            book.blame(file.name, "roster/too_big", megabytes=MAX_BYTES >> 20)
            book.unread.add(sheet)
        else:
            _take(book, sheet, file.name, _csv_rows(file, book), tick, strict=True)
    return book


def _csv_rows(file: Path, book: Book) -> Iterator[list[Any]]:
    text = _decode(file.read_bytes())
    if text is None:
        book.blame(file.name, "roster/encoding")
        return
    start = text[:4000]
    delimiter = max(",\t;", key=lambda sign: (start.count(sign), sign == ","))
    number = 0
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True):
            number += 1
            yield row
    except csv.Error:
        book.blame(file.name, "roster/quotes", row=number + 1)


def _decode(raw: bytes) -> str | None:
    codes = ("utf-16",) if raw[:2] in {b"\xff\xfe", b"\xfe\xff"} else ("utf-8-sig", "gb18030")
    for code in codes:
        try:
            return raw.decode(code)
        except UnicodeDecodeError:
            continue
    return None


def guard(path: Path) -> None:
    """Refuse what is no workbook, or one that unpacks to far more than it seems or carries XML entities.
    Raises `Unreadable`."""
    if path.stat().st_size > MAX_BYTES:
        raise Unreadable(path.name, "roster/too_big", megabytes=MAX_BYTES >> 20)
    try:
        with zipfile.ZipFile(path) as package:
            parts = package.infolist()
            if len(parts) > MAX_PARTS or sum(p.file_size for p in parts) > MAX_UNPACKED:
                raise Unreadable(path.name, "roster/too_big", megabytes=MAX_UNPACKED >> 20)
            for part in parts:
                if part.filename.endswith((".xml", ".rels")):
                    with package.open(part) as opened:
                        start = opened.read(4096)
                    if b"<!DOCTYPE" in start or b"<!ENTITY" in start:
                        raise Unreadable(path.name, "roster/not_a_workbook")
    except (
        zipfile.BadZipFile,
        zlib.error,
        NotImplementedError,
        RuntimeError,
        EOFError,
        OSError,
        ValueError,
    ) as error:
        raise Unreadable(path.name, "roster/not_a_workbook") from error


def _workbook(path: Path, tick: Tick | None) -> Book:
    guard(path)
    book = Book(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            workbook = load_workbook(path, read_only=True, data_only=False, keep_links=False)
            try:
                for page in workbook.worksheets:
                    sheet = sheet_of(page.title)
                    if sheet is None:
                        book.note(page.title, "roster/sheet_unused")
                        continue
                    page.reset_dimensions()
                    _take(
                        book,
                        sheet,
                        page.title,
                        (list(row) for row in page.iter_rows(max_col=MAX_COLUMNS, values_only=True)),
                        tick,
                        strict=False,
                    )
            finally:
                workbook.close()
    except Unreadable:
        raise
    except Exception as error:  # a damaged package fails in as many ways as there are parts in it
        raise Unreadable(path.name, "roster/not_a_workbook") from error
    return book


def _take(
    book: Book, sheet: str, file: str, rows: Iterator[list[Any]], tick: Tick | None, *, strict: bool
) -> None:
    """Find the header, keep the rows under it."""
    if sheet in book.tables:
        book.blame(file, "roster/twice", other=book.tables[sheet].file, title=SHEETS[sheet].title)
        return
    numbered = enumerate(rows, start=1)
    before = len(book.problems)
    table = _header(book, sheet, file, numbered, strict=strict)
    if table is None:
        if len(book.problems) > before:
            book.unread.add(sheet)
        else:
            book.note(file, "roster/empty")
        return
    width = max(table.columns.values()) + 1
    for number, row in numbered:
        if not any(cell is not None and cell != "" for cell in row):
            continue
        if len(table.rows) >= MAX_ROWS:
            book.blame(file, "roster/too_many_rows", row=number, rows=MAX_ROWS)
            break
        if len(row) < width:
            row.extend([None] * (width - len(row)))
        table.rows.append((number, row))
        if tick and not len(table.rows) % 1000:
            tick(1000)
    if tick:
        tick(len(table.rows) % 1000)
    book.tables[sheet] = table
    if len(book.problems) > before:
        book.unread.add(sheet)


def _header(
    book: Book, sheet: str, file: str, rows: Iterator[tuple[int, list[Any]]], *, strict: bool
) -> Table | None:
    looked = 0
    for number, row in rows:
        cells = [shown(cell) for cell in row]
        if not any(cells):
            continue
        looked += 1
        known = [(index, key) for index, cell in enumerate(cells) if cell and (key := column_of(sheet, cell))]
        if len({key for _, key in known}) < HEADER_AT_LEAST:
            if looked >= HEADER_WITHIN:
                break
            continue
        columns: dict[str, int] = {}
        good = True
        for index, key in known:
            if key in columns:
                book.blame(
                    file, "roster/column_twice", row=number, column=cells[index], other=cells[columns[key]]
                )
                good = False
            columns.setdefault(key, index)
        for column in SHEETS[sheet].columns:
            if column.required and column.key not in columns:
                book.blame(file, "roster/column_missing", row=number, column=column.names[0])
                good = False
        for index, cell in enumerate(cells):
            if cell and index not in {i for i, _ in known}:
                book.note(file, "roster/column_unused", row=number, column=cell)
        titles = {key: cells[index] for key, index in columns.items()}
        width = max(i for i, cell in enumerate(cells) if cell) + 1
        return Table(sheet, file, columns, titles, width if strict else None, []) if good else None
    if looked:
        book.blame(
            file, "roster/no_header", columns=[c.names[0] for c in SHEETS[sheet].columns if c.required]
        )
    return None


def shown(cell: Any) -> str:
    """A cell's value as the spreadsheet shows it."""
    if cell is None:
        return ""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "是" if cell else "否"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else f"{cell:.15g}"
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat(" ")
    if isinstance(cell, date):
        return cell.isoformat()
    return str(cell)
