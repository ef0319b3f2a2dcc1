"""A small community's roster as a folder of files, and a database of its own to import it into."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook
from sqlalchemy import Connection, Engine, text
from typer.testing import CliRunner, Result

from bot.__main__ import _app
from bot.roster import Plan, Roster, check, commit, read, survey
from bot.storage import migrate, parse_url, sync_engine
from bot.turns.texts import Texts
from config.settings import Settings

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
Rows = Sequence[Sequence[object]]

SMALL: Mapping[str, Rows] = {
    "communities": [["社区", "街道", "区"], ["春和社区", "北街", "西山区"]],
    "estates": [["社区", "小区"], ["春和社区", "春和苑"]],
    "grids": [["社区", "网格"], ["春和社区", "一网格"]],
    "buildings": [
        ["社区", "小区", "楼栋", "网格"],
        ["春和社区", "春和苑", "1栋", "一网格"],
        ["春和社区", "春和苑", "B座", ""],
    ],
    "households": [
        ["社区", "小区", "楼栋", "单元", "室", "面积", "业主"],
        ["春和社区", "春和苑", "1栋", "1", "101", "89.5㎡", "王芳(1234)、李明"],
        ["春和社区", "春和苑", "1栋", "1", "102", "100", "赵强"],
        ["春和社区", "春和苑", "B座", "", "201", "76.25", ""],
    ],
    "people": [
        ["编号", "姓名", "手机", "社区", "小区", "楼栋", "单元", "室", "身份", "已核产权"],
        ["w1", "王芳", "13800000001", "春和社区", "春和苑", "1栋", "1", "101", "", ""],
        ["z1", "赵小妹", "", "春和社区", "春和苑", "1栋", "1", "102", "家人", ""],
        ["c1", "陈楼长", "", "春和社区", "春和苑", "1栋", "1", "102", "租户", ""],
        ["d1", "宋城管", "", "", "", "", "", "", "", ""],
    ],
    "posts": [
        ["编号", "岗位", "社区", "小区", "楼栋", "网格", "部门", "类别", "替谁", "起", "止"],
        ["c1", "十户长", "春和社区", "春和苑", "1栋", "", "", "", "", "2026-01-01", ""],
        ["z1", "楼栋长", "春和社区", "春和苑", "1栋", "", "", "", "c1", "", ""],
        ["d1", "部门", "", "", "", "", "城管", "违建、噪声", "", "", ""],
    ],
    "chats": [
        ["群编号", "名称", "渠道", "社区", "小区", "楼栋"],
        ["g1", "一栋群", "sandbox", "春和社区", "春和苑", "1栋"],
    ],
}


def folder(path: Path, sheets: Mapping[str, Rows], encoding: str = "utf-8") -> Path:
    path.mkdir(parents=True, exist_ok=True)
    for name, rows in sheets.items():
        with (path / f"{name}.csv").open("w", encoding=encoding, newline="") as out:
            csv.writer(out).writerows(rows)
    return path


def workbook(path: Path, sheets: Mapping[str, Rows]) -> Path:
    made = Workbook()
    made.remove(made.worksheets[0])
    for name, rows in sheets.items():
        page = made.create_sheet(name)
        for row in rows:
            page.append(list(row))
    made.save(path)
    made.close()
    return path


def changed(**sheets: Rows) -> dict[str, Rows]:
    """The small roster with some sheets replaced."""
    return {**SMALL, **sheets}


@dataclass
class Town:
    """A migrated database and the steps of an import on it."""

    settings: Settings
    engine: Engine
    tmp: Path

    def survey(self, path: Path, now: datetime = NOW) -> tuple[Roster, Plan]:
        roster = check(read(path))
        with self.reading() as connection:
            return roster, survey(connection, roster, now)

    def take(self, path: Path, *, retire: bool = False, now: datetime = NOW) -> Plan:
        roster, plan = self.survey(path, now)
        assert roster.problems == [], said(roster)
        commit(self.engine, plan, now, retire=retire)
        return plan

    def small(self, **sheets: Rows) -> Path:
        """The small roster, with some sheets replaced, in a folder of its own."""
        return folder(self.tmp / f"roster-{len(list(self.tmp.iterdir()))}", changed(**sheets))

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        with self.engine.connect() as connection:
            yield connection

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        with self.reading() as connection:
            return [tuple(row) for row in connection.execute(text(statement))]

    def everything(self) -> dict[str, list[tuple[object, ...]]]:
        tables = (
            "districts",
            "streets",
            "communities",
            "estates",
            "grids",
            "buildings",
            "households",
            "people",
            "posts",
            "chats",
        )
        return {t: self.rows(f"SELECT * FROM {t} ORDER BY id") for t in tables}

    def command(self, *arguments: str) -> Result:
        return CliRunner().invoke(
            _app(["import"]),
            ["import", *arguments],
            env={"YISHITING_HOME": str(self.settings.home), "COLUMNS": "500"},
        )


@cache
def _empty() -> bytes:
    with tempfile.TemporaryDirectory() as made:
        migrate.upgrade(Settings(home=Path(made)))
        return (Path(made) / "yishiting.db").read_bytes()


def migrated(home: Path) -> Settings:
    """An empty installation; the migrations run once for all tests."""
    home.mkdir()
    (home / "yishiting.db").write_bytes(_empty())
    return Settings(home=home)


def said(roster: Roster) -> list[str]:
    texts = Texts()
    return [p.line(texts) for p in roster.problems]


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    settings = migrated(tmp_path / "var")
    engine = sync_engine(parse_url(settings.database_url))
    yield Town(settings, engine, tmp_path)
    engine.dispose()
