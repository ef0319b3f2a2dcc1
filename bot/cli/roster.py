"""`yishiting import`: a community's spreadsheets into the roster, tried first, written only when asked."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from bot.cli.opening import migrated
from bot.operations.configuration import read_settings
from bot.roster import (
    Book,
    Outdated,
    Plan,
    Problem,
    Roster,
    Unreadable,
    business_time,
    check,
    commit,
    read,
    survey,
)
from bot.roster.files import Tick
from bot.roster.marked import mark
from bot.storage import parse_url, sync_engine
from bot.turns.texts import Texts

#: How often an import is planned anew when the roster is changed under it.
TRIES = 3


def import_roster(
    path: Annotated[Path, typer.Argument(help="文件夹（里面是 CSV）或一个 .xlsx")],
    *,
    write: Annotated[bool, typer.Option("--commit", help="正式导入；不加只试算")] = False,
    marked: Annotated[
        Path | None, typer.Option(help="把 .xlsx 写回一份，有问题的格子标红", dir_okay=False)
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="停用名册里不见了的，不再询问")] = False,
) -> None:
    """导入名册：先试算，加 --commit 才写入；有一处不对就什么都不写。"""
    settings = read_settings()
    texts, started = Texts(), time.monotonic()
    console = Console(soft_wrap=True, highlight=False, markup=False)
    say = Speaker(console, texts)
    if marked is not None:
        _check_marked(say, path, marked)
    try:
        with say.step("roster/step_read") as tick:
            book = read(path, tick)
    except Unreadable as error:
        say.line(error.problem.line(texts))
        raise typer.Exit(1) from None
    with say.step("roster/step_check", sum(len(t.rows) for t in book.tables.values())) as tick:
        first = check(book, tick)
    migrated(settings)
    url = parse_url(settings.database_url)
    for attempt in range(TRIES):
        roster = first if attempt == 0 else check(book)
        reader = sync_engine(url, begin="BEGIN")
        try:
            with reader.connect() as connection, say.step("roster/step_compare", roster.rows) as tick:
                now = business_time(connection, settings)
                plan = survey(connection, roster, now, tick)
        finally:
            reader.dispose()
        if attempt == 0:
            _report(say, roster, plan, book, marked)
        if roster.problems or not write or not (plan.changes or plan.retires):
            break
        retire = bool(plan.retires) and (yes or _agreed(say, plan.retires))
        writer = sync_engine(url)
        try:
            with say.step(
                "roster/step_write",
                sum(len(c.added) + len(c.changed) + len(c.retired) for c in plan.sheets.values()),
            ) as tick:
                commit(writer, plan, now, retire=retire, tick=tick)
        except Outdated:
            continue
        finally:
            writer.dispose()
        say.done(plan, roster, retire=retire, seconds=time.monotonic() - started)
        return
    else:
        say("roster/outdated")
        raise typer.Exit(1)
    if roster.problems:
        raise typer.Exit(1)
    say("roster/would" if plan.changes or plan.retires else "roster/nothing_to_do")


class Speaker:
    """Sentences of config/texts on the console, and a bar where somebody watches."""

    def __init__(self, console: Console, texts: Texts) -> None:
        self.console, self.texts = console, texts

    def __call__(self, key: str, **values: object) -> None:
        """One sentence."""
        self.line(self.texts.text(key, **values))

    def line(self, text: str) -> None:
        """One line, as it is."""
        self.console.print("".join(c if c.isprintable() or c == "\n" else "?" for c in text))

    @contextmanager
    def step(self, key: str, total: int | None = None) -> Iterator[Tick | None]:
        """A bar for one step; nothing at all where the output is no terminal."""
        if not self.console.is_terminal:
            yield None
            return
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.completed:.0f}"),
            TaskProgressColumn(),
        )
        with Progress(*columns, console=self.console, transient=True) as progress:
            task = progress.add_task(self.texts.text(key), total=total)
            yield lambda n: progress.advance(task, n)

    def problems(self, problems: Sequence[Problem]) -> None:
        """One line each, in the order of the sheets' rows."""
        for problem in problems:
            self.line(problem.line(self.texts))

    def plan(self, plan: Plan) -> None:
        """What would change, sheet by sheet, with a few examples."""
        for sheet, changes in plan.sheets.items():
            if not (changes.added or changes.changed or changes.retired or changes.unchanged):
                continue
            if sheet in {"districts", "streets"} and not changes.added:
                continue
            counts = {
                "added": len(changes.added),
                "changed": len(changes.changed),
                "retired": len(changes.retired),
            }
            name = self.texts.text("roster/sheet_names", sheet=sheet)
            self("roster/sheet", name=name, **counts, restored=changes.restored, unchanged=changes.unchanged)
            for kind, labels in changes.examples.items():
                if labels:
                    count = (
                        changes.restored
                        if kind == "restored"
                        else counts[kind] - (changes.restored if kind == "changed" else 0)
                    )
                    more = count if count > len(labels) else 0
                    self.line(
                        "  "
                        + self.texts.text(
                            "roster/example",
                            kind=self.texts.text("roster/kinds", kind=kind),
                            labels=labels,
                            more=more,
                        )
                    )

    def done(self, plan: Plan, roster: Roster, *, retire: bool, seconds: float) -> None:
        """What was written."""
        added, changed = (
            sum(len(getattr(c, kind)) for c in plan.sheets.values()) for kind in ("added", "changed")
        )
        self(
            "roster/done",
            added=added,
            changed=changed,
            retired=plan.retires if retire else 0,
            rows=roster.rows,
            seconds=f"{seconds:.1f}",
        )


def _check_marked(say: Speaker, path: Path, marked: Path) -> None:
    if path.suffix.lower() != ".xlsx":
        say("roster/marked_only_xlsx")
        raise typer.Exit(2)
    if marked.resolve() == path.resolve():
        say("roster/marked_same")
        raise typer.Exit(2)


def _report(say: Speaker, roster: Roster, plan: Plan, book: Book, marked: Path | None) -> None:
    order = {table.file: n for n, table in enumerate(book.tables.values())}
    roster.problems.sort(key=lambda p: (order.get(p.file, -1), p.row or 0))
    say.problems(roster.problems)
    if roster.problems:
        say("roster/bad", count=len(roster.problems))
    else:
        say.plan(plan)
    if roster.notes:
        say("roster/notes", count=len(roster.notes))
        say.problems(roster.notes)
    if marked is None:
        return
    if not roster.problems:
        say("roster/marked_nothing")
        return
    try:
        mark(book, roster.problems, marked, say.texts)
    except OSError as error:
        say("roster/marked_failed", path=marked, reason=error.strerror or "?")
    else:
        say("roster/marked", path=marked)


def _agreed(say: Speaker, count: int) -> bool:
    """Ask before anything is retired; where nobody can answer, keep it."""
    if sys.stdin.isatty() and say.console.is_terminal:
        return typer.confirm(say.texts.text("roster/ask_retire", count=count), default=False)
    say("roster/kept", count=count)
    return False
