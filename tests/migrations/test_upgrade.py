"""A database made by the version before is brought to this one's tables, keeps every row, and goes on."""

from __future__ import annotations

import gzip
import itertools
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import typer
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, event

from bot.channels.sending import Worker
from bot.cli.opening import migrated
from bot.storage import parse_url, sync_engine
from bot.storage.migrate import alembic_config, upgrade
from config.settings import Settings
from models.base import Base
from models.messages.find import spoke_of
from models.record.public import chain, ledger_head
from models.record.rules import verify
from tests.crash.serving import ROOT
from tests.dialogs.test_dialogs import Play, follow
from tests.ops.test_command_line import yishiting
from tests.town import town

HERE = Path(__file__).parent
#: Where the clock of the old database stood.
LEFT = datetime(2026, 11, 23, 14, 40, tzinfo=UTC)
#: Wall time soon after the old database was made, by the clock of the machine that made it.
SOON = datetime(2025, 1, 1, 1, tzinfo=UTC)
#: The older version whose tables are filled with as much of the same rows as they hold.
OLDER = "0001"

Rows = dict[str, list[tuple[Any, ...]]]


def old(home: Path, revision: str = "0002") -> Path:
    """The database of an older version."""
    home.mkdir(exist_ok=True)
    file = home / "yishiting.db"
    dump = gzip.decompress((HERE / "0002.sql.gz").read_bytes()).decode()
    with closing(sqlite3.connect(file)) as made:
        made.executescript(dump)
    if revision == OLDER:
        later = file.rename(home / "later.db")
        engine = sync_engine(parse_url(f"sqlite:///{file}"))
        with engine.connect() as connection:
            config = alembic_config()
            config.attributes["connection"] = connection
            command.upgrade(config, OLDER)
            connection.commit()
        engine.dispose()
        with closing(sqlite3.connect(file)) as made:
            made.execute("ATTACH ? AS later", (str(later),))
            for table in tables(made) - {"alembic_version"}:
                columns = ", ".join(row[1] for row in made.execute(f"PRAGMA main.table_info({table})"))
                made.execute(f"INSERT INTO main.{table} ({columns}) SELECT {columns} FROM later.{table}")
            made.commit()
        later.unlink()
    return file


def tables(made: sqlite3.Connection) -> set[str]:
    """The names of the tables."""
    return {row[0] for row in made.execute("SELECT name FROM main.sqlite_master WHERE type = 'table'")}


def everything(file: Path) -> tuple[dict[str, list[str]], Rows]:
    """The tables and indexes, as far as their order within a statement does not matter, and all rows."""
    with closing(sqlite3.connect(file)) as made:
        statements = made.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
        schema = {
            name: sorted(line.strip().rstrip(",") for line in re.split(r"\n|, (?=CONSTRAINT)", sql))
            for name, sql in statements
        }
        rows = {name: sorted(made.execute(f"SELECT * FROM {name}"), key=repr) for name in tables(made)}
    return schema, rows


@contextmanager
def listening(heard: Callable[..., object], *moments: str) -> Iterator[None]:
    """Whatever any engine does is heard."""
    for moment in moments:
        event.listen(Engine, moment, heard)
    try:
        yield
    finally:
        for moment in moments:
            event.remove(Engine, moment, heard)


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new database of this version."""
    home = tmp_path_factory.mktemp("fresh")
    upgrade(Settings(home=home))
    return home / "yishiting.db"


@pytest.mark.parametrize("revision", ["0002", OLDER])
def test_every_row_of_before_is_there_in_the_tables_of_today(
    tmp_path: Path, fresh: Path, revision: str
) -> None:
    file = old(tmp_path, revision)
    _, before = everything(file)
    assert all(before.values()), "the old database has rows in every table"
    upgrade(Settings(home=tmp_path))
    schema, rows = everything(file)
    assert schema == everything(fresh)[0]
    counts = {name: len(rows) for name, rows in before.items()}
    counts |= {"things": counts["issues"], "signups": 0, "signup_entries": 0}
    assert {name: len(found) for name, found in rows.items()} == counts
    with closing(sqlite3.connect(file)) as made:
        assert not made.execute("PRAGMA foreign_key_check").fetchall()
        things = made.execute("SELECT id, community_id, number, kind FROM things ORDER BY id").fetchall()
        talked_of = made.execute(
            "SELECT number, json_extract(body, '$.text') FROM outbox JOIN things ON things.id = about"
        ).fetchall()
    # id, community and number are the first three columns of the issues of then.
    assert things == [(*row[:3], "issue") for row in sorted(before["issues"])]
    assert len(talked_of) > 90
    erased = [text for number, text in talked_of if not re.search(rf"#{number}(?!\d)", text)]
    assert erased == ["（内容已应本人要求删除）"]


def test_the_migrations_make_the_tables_of_the_models(fresh: Path, tmp_path: Path) -> None:
    meant = tmp_path / "meant.db"
    for file in (fresh, meant):
        engine = sync_engine(parse_url(f"sqlite:///{file}"))
        with engine.connect() as connection:
            if file == meant:
                Base.metadata.create_all(connection)
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            assert not compare_metadata(context, Base.metadata)
            connection.commit()
        engine.dispose()
    checks = [
        {name: [line for line in lines if "CHECK" in line] for name, lines in everything(file)[0].items()}
        for file in (fresh, meant)
    ]
    assert checks[0].pop("alembic_version") == []
    assert checks[0] == checks[1]


class Platform:
    """Takes what it is brought."""

    per_minute = 600

    def __init__(self) -> None:
        self.brought: list[tuple[str, str]] = []

    async def send(self, address: str, body: dict[str, Any], key: str) -> str:
        """Keep the first line."""
        self.brought.append((address, body["text"].split("\n")[0]))
        return key


async def test_it_goes_on(tmp_path: Path) -> None:
    with closing(sqlite3.connect(old(tmp_path))) as made:
        said = made.execute(
            "SELECT address, receipt, number FROM outbox LEFT JOIN issues ON issues.id = about "
            "WHERE outbox.channel = 'sandbox' AND receipt IS NOT NULL ORDER BY outbox.id"
        ).fetchall()
        numbers = dict(made.execute("SELECT id, number FROM issues"))
    async with town(tmp_path, at=LEFT) as bot:

        def quoted(address: str, receipt: str) -> Any:
            return lambda session: numbers.get(spoke_of(session, "sandbox", address, receipt))

        for address, receipt, number in said:
            assert await bot.database.read(quoted(address, receipt)) == number
        play = Play(bot)
        # The old story counted its messages too.
        play.count, play.last = 1000, {address: receipt for address, receipt, _ in said}
        await follow(play, HERE / "goes-on.txt")

        def record(session: Any) -> tuple[list[dict[str, Any]], Any]:
            return chain(session, 1), ledger_head(session, 1)

        entries, head = await bot.database.read(record)
        assert verify(entries) == []
        assert (head.seq, head.hash) == (len(entries), entries[-1]["hash"])

        platform = Platform()
        minutes = itertools.count(step=60.0)
        worker = Worker(
            bot.database,
            {"onebot": platform},
            timedelta(hours=24),
            bot.duties.given_up,
            wall=lambda: SOON,
            monotonic=lambda: next(minutes),
        )
        while await worker.deliver_due():
            pass
    assert platform.brought == [
        ("dm:2002", "新任务 #10「2栋 · 楼顶 · 违建」"),
        ("555", "收到，已记为 #16「2栋 · 楼道 · 环境卫生」。已交给楼栋长周秀英。"),
        ("dm:2002", "新任务 #16「2栋 · 楼道 · 环境卫生」"),
    ]


def test_a_migration_that_fails_leaves_everything_as_it_was(tmp_path: Path) -> None:
    file = old(tmp_path, OLDER)
    with closing(sqlite3.connect(file)) as made:
        made.execute("UPDATE outbox SET about = 5 WHERE id = (SELECT max(id) FROM outbox)")
        made.commit()
    before = everything(file)
    for words in ("run",), ("import", ROOT / "config" / "demo", "--commit"):
        done = yishiting(*words, home=tmp_path, YISHITING_PORT="0")
        (line,) = done.stderr.splitlines()
        assert (done.returncode, done.stdout) == (1, "")
        assert "没有升级，原样未动（1 rows of outbox refer to no things）" in line
        assert everything(file) == before


def test_a_backup_before_the_upgrade_is_of_the_old_tables(tmp_path: Path) -> None:
    file, there, archive = old(tmp_path / "here"), tmp_path / "there", tmp_path / "before.zip"
    before = everything(file)
    assert yishiting("backup", archive, home=file.parent).returncode == 0
    assert everything(file) == before
    upgrade(Settings(home=file.parent))
    assert yishiting("restore", archive, home=there).returncode == 0
    assert everything(there / file.name) == everything(file)


def test_a_full_disk_leaves_everything_as_it_was(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = old(tmp_path, OLDER)
    before = everything(file)

    def full(raw: Any, _record: Any) -> None:
        (pages,) = raw.execute("PRAGMA page_count").fetchone()
        raw.execute(f"PRAGMA max_page_count={pages + 5}")

    with listening(full, "connect"), pytest.raises(typer.Exit):
        migrated(Settings(home=tmp_path))
    (line,) = capsys.readouterr().err.splitlines()
    assert "disk is full" in line
    assert everything(file) == before
    migrated(Settings(home=tmp_path))


#: Upgrades each home, and dies there before the n-th statement or commit.
MORTAL = """
import os, signal, sys
from itertools import count
from pathlib import Path
from sqlalchemy import Engine, event
from bot.storage.migrate import upgrade
from config.settings import Settings
for home in sys.argv[1:]:
    if os.fork():
        assert os.WTERMSIG(os.wait()[1]) == signal.SIGKILL
        continue
    numbers, die = count(), int(Path(home).name)
    def step(*_):
        if next(numbers) == die:
            os.kill(os.getpid(), signal.SIGKILL)
    event.listen(Engine, "before_cursor_execute", step)
    event.listen(Engine, "commit", step)
    upgrade(Settings(home=Path(home)))
    os._exit(0)
"""


@pytest.mark.crash
def test_killed_at_any_statement_it_leaves_the_old_tables_and_can_be_done_again(tmp_path: Path) -> None:
    file = old(tmp_path / "old", OLDER)
    before, steps = everything(file), itertools.count()
    homes = [shutil.copytree(file.parent, tmp_path / "counted")]
    with listening(lambda *_: next(steps), "before_cursor_execute", "commit"):
        upgrade(Settings(home=homes[0]))
    after, last = everything(homes[0] / file.name), next(steps) - 1
    homes = [
        shutil.copytree(file.parent, tmp_path / str(die))
        for die in (*range(0, last - 1, last // 8), last - 1, last)
    ]
    subprocess.run([sys.executable, "-c", MORTAL, *map(str, homes)], cwd=ROOT, check=True, timeout=60)
    for home in homes:
        assert everything(home / file.name) == before
    upgrade(Settings(home=homes[-1]))
    assert everything(homes[-1] / file.name) == after
