"""`yishiting import` as a person sees it."""

from __future__ import annotations

from tests.roster.conftest import SMALL, Town


def test_a_dry_run_says_what_would_change_and_changes_nothing(town: Town) -> None:
    result = town.command(str(town.small()))
    assert result.exit_code == 0, result.output
    assert "户：新增 3，更改 0，没变 0" in result.output
    assert "新增：王芳(w1)、赵小妹(z1)" in result.output
    assert "加 --commit 正式导入" in result.output
    assert town.rows("SELECT count(*) FROM communities") == [(0,)]


def test_committed_once_then_nothing_to_do(town: Town) -> None:
    path = str(town.small())
    assert "导入完成：新增 18" in town.command(path, "--commit").output
    assert "什么都不用改" in town.command(path, "--commit").output


def test_what_vanished_is_kept_unless_yes(town: Town) -> None:
    town.command(str(town.small()), "--commit")
    fewer = str(town.small(people=SMALL["people"][:-1], posts=SMALL["posts"][:-1]))
    kept = town.command(fewer, "--commit")
    assert kept.exit_code == 0
    assert "先都留着" in kept.output
    assert "停用：宋城管(d1)" in kept.output
    assert town.rows("SELECT count(*) FROM people WHERE retired_at IS NOT NULL") == [(0,)]
    assert "停用 2" in town.command(fewer, "--commit", "--yes").output
    assert town.rows("SELECT key FROM people WHERE retired_at IS NOT NULL") == [("d1",)]


def test_notes_do_not_stop_an_import(town: Town) -> None:
    people = [[*SMALL["people"][0], "备注"], *[[*row, "x"] for row in SMALL["people"][1:]]]
    people[2][8] = "业主"
    result = town.command(str(town.small(people=people)), "--commit")
    assert result.exit_code == 0
    assert "people.csv 第 1 行「备注」：用不到这一列" in result.output
    assert "业主表决时不会算到" in result.output
