"""What is wrong with a cell, as data; the words are in config/texts/roster.yaml."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from bot.turns.texts import Texts


@dataclass(frozen=True, slots=True)
class Problem:
    """One reason why the roster cannot be taken, or (in a list of notes) something worth knowing."""

    #: The file, or the sheet of a workbook.
    file: str
    #: A key of config/texts.
    reason: str
    #: The row as the spreadsheet numbers it; None when it is about the whole file.
    row: int | None = None
    #: The column as its header is written in the file.
    column: str | None = None
    values: dict[str, Any] = field(default_factory=dict)

    def say(self, texts: Texts) -> str:
        """The reason alone, in plain Chinese."""
        return texts.text(self.reason, **self.values)

    def line(self, texts: Texts) -> str:
        """「people.csv 第 12 行「手机」：…」."""
        return texts.text(
            "roster/line", file=self.file, row=self.row, column=self.column, reason=self.say(texts)
        )


class BadCell(ValueError):
    """A cell that cannot be read; carries the text's key and values."""

    def __init__(self, reason: str, **values: Any) -> None:
        super().__init__(reason)
        self.reason, self.values = reason, values
