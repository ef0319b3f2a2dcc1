"""Measures the reading on labelled text and prints one table: `yishiting-eval` (or `python -m
bot.language.measuring.evaluate`).

`--write` puts the table into docs/understanding.md. `--review FILE` scores corrections that officers made
(JSON lines with `text`, `intent` and, for reports, `category`) in the same way. The baselines need
scikit-learn, a development dependency.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from bot.language.lexicon import load_lexicon
from bot.language.reader import Reader
from bot.language.understanding import Understanding

from . import fit as fitting
from .content import content
from .detection import authors, detection
from .figures import Row, fields_of, labelled
from .forms import signups, votes

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "understanding.md"


def speed(reader: Reader, data: Path) -> float:
    """Group lines a second on one core, 97 of 100 of them chatter."""
    chat = [fields[2] for fields in fields_of(data / "chitchat_dev.tsv")][:4850]
    group = [row["text"] for row in labelled(data / "group_chat_dev.jsonl") if row["intent"] == "report"][
        :150
    ]
    lines = [
        line
        for at, line in enumerate(chat)
        for line in ([line, group[at // 33]] if at % 33 == 0 and at // 33 < len(group) else [line])
    ]
    for line in lines[:500]:
        reader.read(line)
    began = time.perf_counter()
    for line in lines:
        reader.read(line)
    return len(lines) / (time.perf_counter() - began)


def measure(data: Path = fitting.DATA, *, baselines: bool = True) -> list[Row]:
    """The rows of the table."""
    reader = Reader(load_lexicon())
    rows: list[Row] = []
    found = fitting.cases(data) if baselines else []
    detection(rows, reader, found, data)
    if baselines:
        authors(rows, reader, found)
    content(rows, reader, data)
    votes(rows, reader, data)
    signups(rows, reader, data)
    rows.append(Row("group lines a second, one core", "≥ 10,000", f"{speed(reader, data):,.0f}"))
    return rows


def table(rows: Sequence[Row]) -> str:
    """The table as Markdown."""
    lines = [
        "| measure | target | ours | ours, cross-validated | TF-IDF + LR, cross-validated | 35-word rule |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| {row.name} | {row.target} | {row.ours} | {row.crossed} | {row.trained} | {row.keywords} |"
        for row in rows
    ]
    return "\n".join(lines)


def review(path: Path, reader: Reader | None = None) -> str:
    """What today's rules say of the corrections in a review list, one line per disagreement and a summary."""
    reader = reader or Reader()
    lines: list[str] = []
    right = total = 0
    for row in labelled(path):
        reading: Understanding = reader.read(str(row["text"]))
        wanted = (row["intent"], row.get("category"))
        said = (reading.intent, reading.category if reading.intent == "report" else None)
        total += 1
        if said == wanted or (row["intent"] != "report" and reading.intent == row["intent"]):
            right += 1
        else:
            lines.append(
                f"{row.get('id', total)}: wanted {wanted[0]} {wanted[1] or ''}, read {said[0]} {said[1] or ''}: {'; '.join(reading.why[:5])}"
            )
    return "\n".join([*lines, f"{right} of {total} corrections are read as the officers said"])


MARK = "<!-- table: written by yishiting-eval -->"


def write(text: str, path: Path = DOCUMENT) -> None:
    """Puts the table between the marks of docs/understanding.md."""
    document = path.read_text("utf-8")
    before, _, rest = document.partition(MARK)
    _, _, after = rest.partition(MARK)
    path.write_text(f"{before}{MARK}\n\n{text}\n\n{MARK}{after}", "utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(
        prog="yishiting-eval", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--data", type=Path, default=fitting.DATA, help="the folder with the development data"
    )
    parser.add_argument("--write", action="store_true", help="write the table into docs/understanding.md")
    parser.add_argument(
        "--no-baselines", action="store_true", help="leave out the baselines and the cross-validation (quick)"
    )
    parser.add_argument("--review", type=Path, help="score a review list of corrections instead")
    options = parser.parse_args(arguments)
    if options.review:
        print(review(options.review))
        return 0
    if not options.data.is_dir():
        print(
            f"{options.data}: no such folder; the development data is not part of the project",
            file=sys.stderr,
        )
        return 2
    text = table(measure(options.data, baselines=not options.no_baselines))
    print(text)
    if options.write:
        write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
