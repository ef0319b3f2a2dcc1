"""The workbook back, its bad cells coloured, the reason as a comment."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from pathlib import Path

from openpyxl import load_workbook
from openpyxl.cell.cell import Cell
from openpyxl.comments import Comment
from openpyxl.styles import PatternFill

from bot.turns.texts import Texts

from .files import Book, guard
from .problem import Problem

RED = PatternFill("solid", start_color="FFFFC7CE", end_color="FFFFC7CE")


def mark(book: Book, problems: Iterable[Problem], out: Path, texts: Texts) -> None:
    """Write a copy of the workbook to `out`. Raises `OSError` when that cannot be written."""
    guard(book.path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        workbook = load_workbook(book.path, keep_links=False)
    try:
        by_file = {table.file: table for table in book.tables.values()}
        told: dict[tuple[str, str], list[str]] = {}
        for problem in problems:
            if problem.file not in workbook.sheetnames:
                continue
            table = by_file.get(problem.file)
            column = 1
            if table is not None and problem.column is not None:
                column = next(
                    (
                        table.columns[key] + 1
                        for key, title in table.titles.items()
                        if title == problem.column
                    ),
                    1,
                )
            page = workbook[problem.file]
            cell = page.cell(row=problem.row or 1, column=column)
            if not isinstance(cell, Cell):
                # Inside a merged range only the first cell can carry a comment.
                area = next(a for a in page.merged_cells.ranges if cell.coordinate in a)
                cell = page.cell(row=area.min_row, column=area.min_col)
            cell.fill = RED
            reasons = told.setdefault((problem.file, cell.coordinate), [])
            missing = (
                ""
                if table is not None and problem.column in table.titles.values()
                else f"{problem.column or ''}"
            )
            reasons.append(f"{missing}{problem.say(texts)}")
            cell.comment = Comment("\n".join(reasons), "议事厅", height=80, width=280)
        workbook.save(out)
    finally:
        workbook.close()
