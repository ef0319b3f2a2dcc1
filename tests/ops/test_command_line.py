"""The command as an operator types it: a process of its own, its exit code, and what it prints."""

from __future__ import annotations

import asyncio
import csv
import json
import os
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from sqlalchemy import select

from bot.cli.verify import NotPublished, check
from bot.operations.configuration import BAD, complaints, read_settings, suspicions
from bot.operations.export import LEFT_OUT, cell
from bot.storage import empty_log
from models.base import Base
from models.issues.tables import Correction, Issue
from models.record.rules import GENESIS, entry_hash, payload_hash
from tests.crash.serving import ROOT, Serving
from tests.ops.test_retention import journey, say
from tests.town import town


def yishiting(
    *words: str | Path, given: str = "", home: Path | None = None, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run one command."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("YISHITING_")}
    if home is not None:
        variables["YISHITING_HOME"] = str(home)
    command = [sys.executable, "-m", "bot", *map(str, words)]
    return subprocess.run(
        command,
        cwd=ROOT,
        env={**own, "PYTHONUTF8": "1", **variables},
        input=given,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


# --- the configuration ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"PORT": "eighty"}, "YISHITING_PORT"),
        ({"PHOTO_DAYS": "0"}, "YISHITING_PHOTO_DAYS"),
        ({"ONEBOT__ACCESS_TOKEN": "geheim"}, "YISHITING_ONEBOT__ACCESS_TOKEN"),
        ({"SANDBOX_NOW": "2026-11-23T10:00:00"}, "YISHITING_SANDBOX_NOW"),
        ({"CONFIG": "/nowhere/yishiting.toml"}, "YISHITING_CONFIG"),
        ({"CONFIG": str(ROOT / "Makefile")}, "YISHITING_CONFIG"),
    ],
)
def test_a_bad_setting_names_itself_in_one_line(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], named: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(f"YISHITING_{name}", value)
    with pytest.raises(BAD) as caught:
        read_settings()
    (line,) = complaints(caught.value)
    assert named in line
    assert "geheim" not in line


@pytest.mark.parametrize(
    "variables",
    [
        {"YISHITING_PORT": "eighty"},
        {"YISHITING_DATABASE": "mysql://localhost/x"},
        {"YISHITING_DATABASE": "nonsense"},
    ],
)
def test_a_bad_setting_stops_the_start(tmp_path: Path, variables: dict[str, str]) -> None:
    done = yishiting("run", home=tmp_path / "home", **variables)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert next(iter(variables)) in done.stderr
    assert not (tmp_path / "home").exists(), "nothing is made before the settings are known to be good"


def test_a_mistyped_variable_is_told_with_the_likely_one(tmp_path: Path) -> None:
    done = yishiting("run", "--workers", "2", home=tmp_path, YISHITING_PROT="8081")
    assert "YISHITING_PROT" in done.stderr
    assert "YISHITING_PORT" in done.stderr
    assert done.returncode == 2
    assert "--workers" in done.stderr


def test_a_section_that_no_channel_has_is_named_with_the_likely_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (line,) = suspicions({"YISHITING_ONEBOTT__ACCESS_TOKEN": "geheim", "YISHITING_ONEBOT__PATH": "/ws"})
    assert "YISHITING_ONEBOTT__ACCESS_TOKEN，是不是 YISHITING_ONEBOT__ACCESS_TOKEN？" in line
    file = tmp_path / "yishiting.toml"
    monkeypatch.setenv("YISHITING_CONFIG", str(file))
    for content, named, likely in (
        ("[onebott]", "YISHITING_ONEBOTT", "YISHITING_ONEBOT"),
        (
            f'[onebot]\naccess_token="{"x" * 16}"\npast="/ws"',
            "YISHITING_ONEBOT__PAST",
            "YISHITING_ONEBOT__PATH",
        ),
    ):
        file.write_text(content, encoding="utf-8")
        with pytest.raises(BAD) as caught:
            read_settings()
        (line,) = complaints(caught.value)
        assert line.startswith(f"{named}：")
        assert f"是不是 {likely}？" in line


# --- run ------------------------------------------------------------------------------------------


@pytest.mark.crash
async def test_run_says_where_answers_and_lets_no_second_process_in(tmp_path: Path) -> None:
    server = Serving(tmp_path / "home", YISHITING_DEMO="0")
    await server.start()
    try:
        async with aiohttp.ClientSession() as web:
            async with web.get(f"{server.url}/healthz") as answer:
                health = await answer.json()
                assert (answer.status, health["database"], health["clock_lag_seconds"]) == (200, "ok", 0)
            async with web.get(f"{server.url}/metrics") as answer:
                text = await answer.text()
                assert "yishiting_turn_seconds_bucket" in text
                assert "yishiting_outbox_pending 0.0" in text
        second = await asyncio.to_thread(yishiting, "run", home=tmp_path / "home", YISHITING_PORT="0")
        assert second.returncode == 1
        assert str(server.process.pid if server.process else "") in second.stderr
        assert len(second.stderr.splitlines()) == 1
        restored = await asyncio.to_thread(yishiting, "restore", tmp_path / "x.zip", home=tmp_path / "home")
        assert restored.returncode == 1
    finally:
        assert await server.stop() == 0
    printed = server.log.read_text(encoding="utf-8")
    assert "/sandbox" in printed
    assert "YISHITING_SANDBOX_OPEN=1" in printed


def test_a_file_that_is_no_database_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "yishiting.db").write_bytes(
        b"something else, and long enough to have a header of its own" * 20
    )
    for words in (
        ("run",),
        ("export", "--community", "x", "--out", tmp_path / "out"),
        ("backup", tmp_path / "b.zip"),
        ("qr", "--community", "x", "--out", tmp_path / "out"),
        ("import", "config/demo"),
    ):
        done = yishiting(*words, home=tmp_path, YISHITING_PORT="0")
        assert (done.returncode, len(done.stderr.splitlines())) == (1, 1), done.stderr
    (tmp_path / "yishiting.db").unlink()
    with closing(sqlite3.connect(tmp_path / "yishiting.db")) as connection:
        connection.executescript(
            "CREATE TABLE alembic_version (version_num TEXT); INSERT INTO alembic_version VALUES ('9999');"
        )
    done = yishiting("run", home=tmp_path, YISHITING_PORT="0")
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1), done.stderr


def test_a_port_in_use_is_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = yishiting("run", home=tmp_path, YISHITING_PORT=str(taken.getsockname()[1]))
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "YISHITING_PORT" in done.stderr


async def test_health_tells_of_a_lost_database(tmp_path: Path) -> None:
    async with town(tmp_path) as bot:
        from aiohttp import web
        from aiohttp.test_utils import TestClient, TestServer

        from handlers.pages import health

        app = web.Application()
        health.mount(app, health.Watch(bot.database, bot.clock, bot.hub.tally))
        async with TestClient(TestServer(app)) as client:
            assert (await client.get("/healthz")).status == 200
            await say(bot, "r3", "3栋2单元501天花板漏水")
            await say(bot, "r3", "今天天气真好", chat="g")
            await say(bot, "r3", "接单 1")
            text = await (await client.get("/metrics")).text()
            for line in (
                "yishiting_heard_total 3.0",
                "yishiting_turns_total 2.0",
                "yishiting_chatter_total 1.0",
                'yishiting_issues{status="open"} 1.0',
            ):
                assert line in text
            with closing(sqlite3.connect(tmp_path / "yishiting.db")) as connection:
                connection.execute("ALTER TABLE deadlines RENAME TO lost")
            answer = await client.get("/healthz")
            assert (answer.status, (await answer.json())["database"]) == (503, "unreachable")
            assert (await client.get("/metrics")).status == 200


# --- understand -----------------------------------------------------------------------------------


def test_understand_answers_line_for_line_in_order() -> None:
    lines = [
        '{"id": "a", "text": "3栋2单元电梯坏了，有老人困在里面"}',
        "no json",
        '{"id": "b"}',
        "[]",
        '{"id": "c", "text": "早上好"}',
        '{"id": "d", "text": "x", "now": "noon"}',
        '{"id": "e", "text": "' + "坏" * 20_000 + '"}',
        '{"id": 6, "text": "好", "mention": 1}',
        "{" * 5000,
    ]
    done = yishiting("understand", given="\n".join(lines))
    assert done.returncode == 0, done.stderr
    answers: list[dict[str, Any]] = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer["id"] for answer in answers] == ["a", None, "b", None, "c", "d", "e", 6, None]
    assert ["error" in answer for answer in answers] == [
        False,
        True,
        True,
        True,
        False,
        True,
        False,
        True,
        True,
    ]
    first = answers[0]
    assert (first["intent"], first["category"], first["urgency"], first["place"]["building"]) == (
        "report",
        "elevator",
        "emergency",
        "3",
    )
    assert first["why"]
    assert "poll" not in first


async def test_understand_knows_the_roster_of_a_named_community_and_reviews_corrections(
    tmp_path: Path,
) -> None:
    async with town(tmp_path) as bot:
        await say(bot, "r3", "3栋2单元501天花板漏水")
        issue = await bot.database.read(lambda session: session.scalars(select(Issue)).one())
        correction = Correction(
            community_id=1,
            issue_id=issue.id,
            at=bot.clock.now(),
            by_id=200,
            was="leak_drainage",
            category=None,
        )
        await bot.database.turn(lambda session: session.add(correction))
    done = yishiting(
        "understand",
        given='{"id": 1, "text": "金康园小区9栋停水了", "community": "金康园社区"}\n{"id": 2, "text": "好", "community": "别处"}',
        home=tmp_path,
    )
    known, unknown = [json.loads(line) for line in done.stdout.splitlines()]
    assert known["place"]["estate"] == "金康园小区"
    assert "别处" in unknown["error"]
    reviewed = yishiting("understand", "--review", home=tmp_path)
    assert reviewed.returncode == 0, reviewed.stderr
    assert "不是诉求" in reviewed.stdout
    assert "改正过 1 条" in reviewed.stdout


# --- verify and export ----------------------------------------------------------------------------


async def test_export_holds_every_table_and_a_ledger_that_verifies(tmp_path: Path) -> None:
    home, out = tmp_path / "home", tmp_path / "out"
    async with town(home) as bot:
        await journey(bot)
        await say(bot, "r3", "@2栋1单元停水了")
    done = yishiting("export", "--community", "金康园社区", "--out", out, home=home)
    assert done.returncode == 0, done.stderr
    for table in Base.metadata.sorted_tables:
        assert ((out / f"{table.name}.csv").is_file(), (out / f"{table.name}.json").is_file()) == (
            (table.name not in LEFT_OUT,) * 2
        )
    with closing(sqlite3.connect(home / "yishiting.db")) as connection:
        for table in Base.metadata.sorted_tables:
            if table.name not in LEFT_OUT:
                count = connection.execute(f"SELECT count(*) FROM {table.name}").fetchone()[0]
                rows = json.loads((out / f"{table.name}.json").read_text(encoding="utf-8"))
                with (out / f"{table.name}.csv").open(encoding="utf-8-sig", newline="") as file:
                    assert len(list(csv.DictReader(file))) == len(rows) == count, table.name
    issues = json.loads((out / "issues.json").read_text(encoding="utf-8"))
    assert [issue["number"] for issue in issues] == [1, 2]
    assert list((out / "photos").glob("*.jpg"))
    again = yishiting("export", "--community", "金康园社区", "--out", out, home=home)
    assert again.returncode == 1
    assert yishiting("export", "--community", "别处", "--out", tmp_path / "none", home=home).returncode == 1
    assert (
        yishiting("export", "--community", "金康园社区", "--out", out, "--force", home=home).returncode == 0
    )

    checked = yishiting("verify", out / "ledger.json")
    assert (checked.returncode, checked.stdout) == (0, "verified\n")
    record = json.loads((out / "ledger.json").read_text(encoding="utf-8"))
    assert record["entries"]
    single = tmp_path / "notice.json"
    single.write_text(json.dumps({"community": "金康园社区", **record["entries"][0]}), encoding="utf-8")
    assert yishiting("verify", single).stdout == "verified\n"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("＝1", "'＝1"),
        ("\t=1", "'\t=1"),
        (-5, "-5"),
        (None, ""),
        (True, "true"),
        ("3栋", "3栋"),
    ],
)
def test_no_cell_is_a_formula(value: object, written: str) -> None:
    assert cell(value) == written


def entries() -> list[dict[str, Any]]:
    """A chain of three made by hand."""
    made: list[dict[str, Any]] = []
    for seq in range(1, 4):
        previous, at, payload = (
            (made[-1]["hash"] if made else GENESIS),
            "2026-11-23T02:00:00+00:00",
            {"number": seq},
        )
        committed = payload_hash("salt", payload)
        made.append({"seq": seq, "kind": "issue_closed", "at": at, "payload": payload, "salt": "salt", "payload_hash": committed, "previous": previous,
                     "hash": entry_hash(previous, seq, "issue_closed", at, committed)})  # fmt: skip
    return made


def test_verify_says_what_differs() -> None:
    good = entries()
    changed, erased, cut, swapped = entries(), entries(), entries(), entries()
    changed[1]["payload"] = {"number": 99}
    erased[1]["payload"] = erased[1]["salt"] = None
    swapped[0], swapped[1] = swapped[1], swapped[0]
    head = {"seq": 3, "hash": good[2]["hash"]}
    holds = (
        good,
        {"entries": good, "head": head},
        {"entries": [], "head": {"seq": 0, "hash": GENESIS}},
        erased,
        good[1],
    )
    assert [check(published)[0] for published in holds] == [[]] * len(holds)
    differs: list[tuple[Any, str]] = [
        (changed, "entry 2"),
        (swapped, "entry 1"),
        ({"entries": cut[:2], "head": head}, "head"),
        ({**good[1], "payload": {"number": 9}}, "entry 2"),
        ({**good[1], "salt": 5}, "entry 2"),
        ([1, 2], "entry 1"),
    ]
    for published, where in differs:
        assert check(published)[0][0].startswith(where)
    nothing: Any
    for nothing in ({"hello": 1}, "text", 5, None, [], {"entries": 3}):
        with pytest.raises(NotPublished):
            check(nothing)


def test_verify_of_garbage_is_one_line_and_exit_1(tmp_path: Path) -> None:
    garbage, odd = tmp_path / "garbage.json", tmp_path / "odd.json"
    garbage.write_bytes(b"\x00\xff" * 100)
    odd.write_text(json.dumps({**entries()[0], "salt": "\ud800"}), encoding="utf-8")
    for file in (garbage, odd, tmp_path / "missing.json"):
        done = yishiting("verify", file)
        assert (done.returncode, len(done.stdout.splitlines()), done.stderr) == (1, 1, "")


# --- doctor, backup, erase ------------------------------------------------------------------------


async def test_doctor_names_what_is_broken_and_how_to_mend_it(tmp_path: Path) -> None:
    async with town(tmp_path) as bot:
        await say(bot, "r3", "3栋2单元501天花板漏水")
    good = yishiting("doctor", home=tmp_path)
    assert "[好] 数据库" in good.stdout
    assert [
        line for line in good.stdout.splitlines() if not line.startswith(("[好]", "[注意]", "[要修]"))
    ] == []
    unreachable = yishiting("doctor", home=tmp_path, YISHITING_ONEBOT__ACCESS_TOKEN="a" * 20)
    assert unreachable.returncode == 1
    assert "access_token 太简单" in unreachable.stdout
    assert "没有账号" in unreachable.stdout
    assert "a" * 20 not in unreachable.stdout
    bad = yishiting("doctor", home=tmp_path, YISHITING_PORT="x")
    assert (bad.returncode, "YISHITING_PORT" in bad.stdout) == (1, True)
    file = tmp_path / "yishiting.db"
    empty_log(file)
    with file.open("r+b") as raw:
        raw.seek(4096 * 3)
        raw.write(os.urandom(4096 * 20))
    broken = yishiting("doctor", home=tmp_path)
    assert broken.returncode == 1
    assert "restore" in broken.stdout
    assert broken.stderr == ""


async def test_backup_restore_and_erase_as_typed(tmp_path: Path) -> None:
    here, there, file = tmp_path / "here", tmp_path / "there", tmp_path / "all.zip"
    async with town(here) as bot:
        await journey(bot)
    assert yishiting("backup", file, home=here).returncode == 0
    assert yishiting("backup", file, home=here).returncode == 1
    assert yishiting("restore", file, home=here).returncode == 1
    done = yishiting("restore", file, home=there)
    assert done.returncode == 0, done.stderr
    assert yishiting("restore", file, home=there).returncode == 1
    assert yishiting("erase", "--person", "nobody", "--yes", home=there).returncode == 1
    assert yishiting("erase", "--person", "r3", home=there, given="n\n").returncode == 1
    erased = yishiting("erase", "--person", "r3", "--yes", home=there)
    assert erased.returncode == 0, erased.stderr
    with closing(sqlite3.connect(there / "yishiting.db")) as connection:
        assert connection.execute("SELECT text FROM issues").fetchall() == [(None,)]
