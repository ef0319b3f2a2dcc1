"""Bad rosters: each bad cell named by file, row, column and reason, and nothing written."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from openpyxl import load_workbook

from bot.roster import Unreadable, check, files, read
from tests.roster.conftest import SMALL, Rows, Town, changed, folder, said, workbook

HOUSES = SMALL["households"][0]
PEOPLE = SMALL["people"][0]
POSTS = SMALL["posts"][0]


def house(**cells: str) -> Rows:
    row = {
        "社区": "春和社区",
        "小区": "春和苑",
        "楼栋": "1栋",
        "单元": "1",
        "室": "103",
        "面积": "80",
        "业主": "某人",
        **cells,
    }
    return [*SMALL["households"], [row[str(h)] for h in HOUSES]]


def person(**cells: str) -> Rows:
    row = {**dict.fromkeys(map(str, PEOPLE), ""), "编号": "x1", "姓名": "某人", "社区": "春和社区", **cells}
    return [*SMALL["people"], [row[str(h)] for h in PEOPLE]]


def post(**cells: str) -> Rows:
    row = {**dict.fromkeys(map(str, POSTS), ""), "编号": "w1", "岗位": "网格员", "社区": "春和社区", **cells}
    return [*SMALL["posts"], [row[str(h)] for h in POSTS]]


@pytest.mark.parametrize(
    ("sheets", "line"),
    [
        (
            {"households": house(面积="九十")},
            "households.csv 第 5 行「面积」：「九十」不是面积。请写数字，如 89.5。",
        ),
        ({"households": house(面积="89.555")}, "households.csv 第 5 行「面积」：「89.555」的小数超过两位。"),
        (
            {"households": house(面积="-5")},
            "households.csv 第 5 行「面积」：「-5」不是面积。请写数字，如 89.5。",
        ),
        (
            {"households": house(面积="0")},
            "households.csv 第 5 行「面积」：「0」不像一户的面积，应大于 0、不超过 100000。",
        ),
        ({"households": house(面积="")}, "households.csv 第 5 行「面积」：没有填。"),
        ({"households": house(楼栋="9栋")}, "households.csv 第 5 行「楼栋」：没有「9」栋。请先写进楼栋表。"),
        (
            {"households": house(小区="夏荷苑")},
            "households.csv 第 5 行「小区」：这个社区里没有「夏荷苑」这个小区。请先写进小区表。",
        ),
        ({"households": house(室="0102室")}, "households.csv 第 5 行「室」：和第 3 行重复。"),
        (
            {"households": house(业主="王\x07芳")},
            "households.csv 第 5 行「业主」：里面有看不见的控制字符（U+0007），请重新输入这一格。",
        ),
        (
            {"households": house(业主='=HYPERLINK("x")')},
            "households.csv 第 5 行「业主」：像是公式（以 =、+、-、@ 开头）。请改成文字或数字。",
        ),
        ({"households": house(业主="长" * 501)}, "households.csv 第 5 行「业主」：太长了，最多 500 个字。"),
        (
            {"people": person(手机="12345")},
            "people.csv 第 6 行「手机」：「12345」不像电话号码。请写 11 位手机号，或留空。",
        ),
        (
            {"people": person(手机="1.38E+10")},
            "people.csv 第 6 行「手机」：「1.38E+10」是被表格缩写的号码。请把这一列设成「文本」再填。",
        ),
        ({"people": person(编号="w1")}, "people.csv 第 6 行「编号」：和第 2 行重复。"),
        ({"people": person(姓名="")}, "people.csv 第 6 行「姓名」：没有填。"),
        (
            {"people": person(社区="无名社区")},
            "people.csv 第 6 行「社区」：没有「无名社区」这个社区。请先写进社区表。",
        ),
        (
            {"people": person(楼栋="1", 单元="1", 室="999")},
            "people.csv 第 6 行「室」：1栋没有 1单元999 这一户。请先写进户表。",
        ),
        ({"people": person(室="101")}, "people.csv 第 6 行「楼栋」：写了房号，没有写楼栋。"),
        (
            {"people": person(身份="路人")},
            "people.csv 第 6 行「身份」：「路人」不认识。请写业主、家人或租户，或留空。",
        ),
        ({"people": person(已核产权="也许")}, "people.csv 第 6 行「已核产权」：「也许」请写是或否，或留空。"),
        ({"posts": post(岗位="皇帝")}, "posts.csv 第 5 行「岗位」：「皇帝」不是认识的岗位。"),
        (
            {"posts": post(编号="nobody")},
            "posts.csv 第 5 行「编号」：没有编号「nobody」的人。请先写进人员表。",
        ),
        ({"posts": post(替谁="w1")}, "posts.csv 第 5 行「替谁」：自己不能做自己的替补。"),
        ({"posts": post(类别="水电气、占卜")}, "posts.csv 第 5 行「类别」：「占卜」不是认识的类别。"),
        (
            {"posts": post(网格="九网格")},
            "posts.csv 第 5 行「网格」：这个社区里没有「九网格」这个网格。请先写进网格表。",
        ),
        (
            {"posts": post(起="2026-13-01")},
            "posts.csv 第 5 行「起」：「2026-13-01」不是日期。请写成 2026-01-31。",
        ),
        ({"posts": post(起="2026-02-01", 止="2026-01-01")}, "posts.csv 第 5 行「止」：结束早于开始。"),
        ({"people": [["编号", "手机"], ["a", ""]]}, "people.csv 第 1 行「姓名」：缺这一列。"),
        (
            {"people": [["编号", "姓名", "名字"], ["a", "b", "c"]]},
            "people.csv 第 1 行「名字」：和「姓名」是同一列，只留一个。",
        ),
        (
            {"people": [["甲", "乙"], ["a", "b"]]},
            "people.csv：前几行里没有找到表头。这张表至少要有这些列：编号、姓名。",
        ),
        (
            {"households": [*house(), ["春和社区", "春和苑", "1", "1", "104", "80", "张三", "李四"]]},
            "households.csv 第 6 行：这一行多出一格「李四」。姓名之间请用顿号「、」，不要用逗号。",
        ),
    ],
)
def test_every_bad_cell_is_named_and_nothing_is_written(
    town: Town, sheets: dict[str, Rows], line: str
) -> None:
    path = folder(town.tmp / "r", changed(**sheets))
    roster, _ = town.survey(path)
    assert any(found.startswith(line) for found in said(roster)), said(roster)
    before = town.everything()
    result = town.command(str(path), "--commit", "--yes")
    assert result.exit_code == 1, result.output
    assert line in result.output
    assert "什么都没有导入" in result.output
    assert town.everything() == before


def test_all_bad_rows_are_told_at_once_and_only_those(town: Town) -> None:
    roster, _ = town.survey(
        town.small(households=[*house(面积="x"), *house(楼栋="8", 室="")[4:]], people=person(手机="1"))
    )
    assert [(p.file, p.row, p.column) for p in roster.problems] == [
        ("households.csv", 5, "面积"),
        ("households.csv", 6, "室"),
        ("people.csv", 6, "手机"),
    ]


def test_rows_are_counted_as_the_spreadsheet_shows_them(town: Town) -> None:
    path = folder(town.tmp / "r", {})
    (path / "people.csv").write_text('居民名册\n\n编号,姓名,手机\na,"换\n行",\n\nb,乙,坏\n', encoding="utf-8")
    assert [(p.row, p.column) for p in town.survey(path)[0].problems] == [(6, "手机")]


def test_quotes_that_do_not_pair(town: Town) -> None:
    path = folder(town.tmp / "r", SMALL)
    (path / "people.csv").write_text('编号,姓名\na,"甲\nb,乙\nc,丙\n', encoding="utf-8")
    # The people behind the quote are unread, not missing: posts that name them are not blamed.
    assert [(p.file, p.row, p.reason) for p in town.survey(path)[0].problems] == [
        ("people.csv", 2, "roster/quotes")
    ]


def test_paths_that_are_no_roster(tmp_path: Path) -> None:
    (tmp_path / "a.xlsx").write_bytes(b"no zip")
    (tmp_path / "a.pdf").write_bytes(b"")
    (tmp_path / "empty").mkdir()
    for name, reason in {
        "a.xlsx": "not_a_workbook",
        "a.pdf": "not_a_roster",
        "nowhere": "no_file",
        "empty": "nothing_known",
    }.items():
        with pytest.raises(Unreadable) as caught:
            read(tmp_path / name)
        assert caught.value.problem.reason == f"roster/{reason}"


def test_two_files_of_one_sheet_and_bytes_that_are_no_text(town: Town) -> None:
    path = folder(town.tmp / "r", {**SMALL, "住户表": SMALL["households"]})
    (path / "posts.csv").write_bytes(b"\xff\xff\x00\x80\xff")
    assert {p.reason for p in check(read(path)).problems} >= {"roster/twice", "roster/encoding"}


def test_workbooks_that_unpack_to_too_much_or_carry_entities(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = workbook(tmp_path / "a.xlsx", SMALL)
    with zipfile.ZipFile(book, "a") as package:
        package.writestr("xl/more.xml", '<!DOCTYPE x [<!ENTITY a "b">]><x/>')
    with pytest.raises(Unreadable):
        read(book)
    monkeypatch.setattr(files, "MAX_UNPACKED", 1000)
    with pytest.raises(Unreadable) as caught:
        read(workbook(tmp_path / "b.xlsx", SMALL))
    assert caught.value.problem.reason == "roster/too_big"
    monkeypatch.setattr(files, "MAX_ROWS", 2)
    assert {p.reason for p in check(read(folder(tmp_path / "r", SMALL))).problems} == {"roster/too_many_rows"}


def test_the_marked_workbook(town: Town) -> None:
    book = workbook(
        town.tmp / "名册.xlsx",
        changed(
            households=[["住户登记"], *house(面积="x", 业主="=A1")],
            posts=[["编号", "社区"], ["w1", "春和社区"]],
        ),
    )
    out = town.tmp / "marked.xlsx"
    result = town.command(str(book), "--marked", str(out))
    assert result.exit_code == 1
    assert "households 第 6 行「面积」" in result.output
    marked = load_workbook(out)
    page = marked["households"]
    assert page["F6"].fill.start_color.rgb == "FFFFC7CE"
    assert "不是面积" in page["F6"].comment.text
    assert "公式" in page["G6"].comment.text
    assert page["F5"].comment is None
    assert "岗位缺这一列" in marked["posts"]["A1"].comment.text
    marked.close()
    assert town.command(str(book), "--marked", str(book)).exit_code == 2
