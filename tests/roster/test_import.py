"""What an import does to the database: everything once, again nothing, and nothing retired unasked."""

from __future__ import annotations

import string
import tempfile
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.roster import Outdated, commit, load_demo
from bot.storage import parse_url, sync_engine
from tests.roster.conftest import NOW, SMALL, Rows, Town, changed, folder, migrated, workbook


def test_the_small_roster_arrives(town: Town) -> None:
    town.take(town.small())
    assert town.rows("SELECT name FROM buildings ORDER BY name") == [("1",), ("B",)]
    assert town.rows("SELECT unit, room, area, owners FROM households ORDER BY room") == [
        ("1", "101", 8950, "李明、王芳(1234)"),
        ("1", "102", 10000, "赵强"),
        ("", "201", 7625, ""),
    ]
    people = town.rows("SELECT key, phone, relation, title_checked FROM people ORDER BY key")
    assert people == [
        ("c1", "", "tenant", 0),
        ("d1", "", None, 0),
        ("w1", "13800000001", "owner", 1),
        ("z1", "", "family", 0),
    ]
    posts = town.rows(
        "SELECT role, department, categories, community_id IS NULL, deputy_for IS NULL FROM posts ORDER BY id"
    )
    assert posts == [
        ("captain", "", "", 0, 1),
        ("captain", "", "", 0, 0),
        ("department_officer", "城管", "illegal_building,noise", 1, 1),
    ]
    assert town.rows("SELECT channel, key FROM chats") == [("sandbox", "g1")]
    assert town.rows("SELECT value FROM facts WHERE key = 'roster_revision'") == [("1",)]


def test_a_second_import_changes_nothing(town: Town) -> None:
    town.take(town.small())
    before = town.everything()
    plan = town.take(town.small())
    assert not plan.changes
    assert not plan.retires
    assert town.everything() == before
    assert town.rows("SELECT value FROM facts WHERE key = 'roster_revision'") == [("1",)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_encodings(town: Town, encoding: str) -> None:
    town.take(folder(town.tmp / "r", SMALL, encoding))
    assert town.rows("SELECT name FROM communities") == [("春和社区",)]


def test_a_workbook_is_the_same_roster(town: Town) -> None:
    town.take(town.small())
    chinese = {
        "communities": "社区",
        "estates": "小区",
        "grids": "网格",
        "buildings": "3.楼栋表",
        "households": "住户",
        "people": "人员名册",
        "posts": "岗位",
        "chats": "群",
    }
    sheets: dict[str, Rows] = {chinese[k]: [["春和社区登记"], [], *rows] for k, rows in SMALL.items()}
    # Numbers as numbers, as a spreadsheet has them.
    sheets["住户"] = [
        ["户表"],
        *[[int(str(c)) if str(c).isdigit() else c for c in row] for row in SMALL["households"]],
    ]
    plan = town.take(workbook(town.tmp / "名册.xlsx", sheets))
    assert not plan.changes


def test_names_in_both_languages_columns_in_any_order_and_loose_cells(town: Town) -> None:
    sheets = changed(
        buildings=[
            ["楼栋", "estate", "社区 community", "备注"],
            ["三号楼", "春和苑 ", "春和社区", "x"],
            ["１栋", "春和苑", " 春和社区", ""],
            ["b座", "春和苑", "春和社区", ""],
        ],
        households=[
            ["owners", "面积(m²)", "室", "单元", "building", "小区", "社区"],
            ["王　芳（1234），李明", "89.50 平方米", "０１０１室", "一单元", "第一栋", "春和苑", "春和社区"],
            ["赵强", "1,000.5", "102", "1单元", "1#", "春和苑", "春和社区"],
        ],
        people=[
            ["key", "姓名", "phone", "社区", "building", "unit", "room"],
            ["w1", "王 芳", "+86 138-0000-0001", "春和社区", "1幢", "", "101号"],
        ],
        posts=[["key", "role", "community"], ["w1", "Secretary", "春和社区"]],
    )
    town.take(folder(town.tmp / "r", sheets))
    assert town.rows("SELECT name FROM buildings ORDER BY name") == [("1",), ("3",), ("B",)]
    assert town.rows("SELECT unit, room, area, owners FROM households ORDER BY room") == [
        ("1", "101", 8950, "李明、王芳(1234)"),
        ("1", "102", 100050, "赵强"),
    ]
    assert town.rows("SELECT name, phone, relation FROM people") == [("王芳", "13800000001", "owner")]


def test_a_change_updates_the_row(town: Town) -> None:
    town.take(town.small())
    before = town.rows("SELECT id FROM people WHERE key = 'w1'")
    people = [list(row) for row in SMALL["people"]]
    people[1][2], people[1][5], people[1][6], people[1][7] = "13900000002", "B座", "", "201"
    plan = town.take(town.small(people=people))
    assert [row["key"] for row in plan.sheets["people"].changed] == ["w1"]
    assert town.rows("SELECT id FROM people WHERE key = 'w1'") == before
    # In the other flat she is not among the owners.
    assert town.rows("SELECT phone, relation, title_checked FROM people WHERE key = 'w1'") == [
        ("13900000002", None, 0)
    ]


def test_what_vanished_stays_until_asked(town: Town) -> None:
    town.take(town.small())
    fewer = town.small(
        people=SMALL["people"][:-1],
        posts=SMALL["posts"][:-1],
        households=SMALL["households"][:-1],
        chats=[*SMALL["chats"][:1], ["g2", "新群", "sandbox", "春和社区", "", ""]],
    )
    plan = town.take(fewer)
    assert plan.retires == 4
    assert town.rows("SELECT count(*) FROM people WHERE retired_at IS NOT NULL") == [(0,)]
    town.take(fewer, retire=True)
    assert town.rows("SELECT key FROM people WHERE retired_at IS NOT NULL") == [("d1",)]
    assert town.rows("SELECT room FROM households WHERE retired_at IS NOT NULL") == [("201",)]
    assert town.rows("SELECT key FROM chats WHERE retired_at IS NOT NULL") == [("g1",)]
    assert town.rows("SELECT count(*) FROM posts WHERE until IS NOT NULL") == [(1,)]
    assert town.survey(fewer)[1].retires == 0
    # And back again: the same rows, no new ones.
    back = town.take(town.small())
    assert back.sheets["people"].restored == 1
    assert town.rows("SELECT count(*) FROM people WHERE retired_at IS NOT NULL") == [(0,)]
    assert town.rows("SELECT count(*) FROM posts WHERE until IS NOT NULL") == [(0,)]
    assert town.rows("SELECT count(*) FROM posts") == [(3,)]
    assert town.rows("SELECT count(*) FROM households") == [(3,)]


def test_an_estate_called_by_its_other_name_is_still_there(town: Town) -> None:
    town.take(town.small(estates=[["社区", "小区", "别名"], ["春和社区", "春和苑", "老春"]]))
    again = {sheet: SMALL[sheet] for sheet in ("communities", "grids")}
    again["estates"] = [["社区", "小区"], ["春和社区", "秋月苑"]]
    again["buildings"] = [["社区", "小区", "楼栋"], ["春和社区", "老春", "1"]]
    plan = town.take(folder(town.tmp / "again", again), retire=True)
    assert plan.sheets["estates"].retired == []
    assert plan.sheets["buildings"].examples["retired"] == ["B栋"]


def test_an_import_of_some_sheets_leaves_the_others(town: Town) -> None:
    town.take(town.small())
    header = SMALL["people"][0]
    plan = town.take(
        folder(
            town.tmp / "only",
            {
                "people": [
                    header,
                    *SMALL["people"][1:],
                    ["n1", "新人", "", "春和社区", "", "B座", "", "201", "", ""],
                ],
                "posts": [SMALL["posts"][0]],
            },
        )
    )
    assert len(plan.sheets["people"].added) == 1
    assert plan.retires == 0


def test_another_community_is_not_touched(town: Town) -> None:
    town.take(town.small())
    other = {
        "communities": [["社区", "街道", "区"], ["秋实社区", "北街", "西山区"]],
        "people": [["编号", "姓名", "社区"], ["q1", "秋一", "秋实社区"]],
    }
    assert town.take(folder(town.tmp / "other", other), retire=True).retires == 0
    roster, _ = town.survey(
        folder(
            town.tmp / "clash", {**other, "people": [["编号", "姓名", "社区"], ["w1", "另一人", "秋实社区"]]}
        )
    )
    assert [p.reason for p in roster.problems] == ["roster/key_taken"]


def test_a_self_entered_neighbour_is_kept_or_recognised(town: Town) -> None:
    town.take(town.small())
    with town.engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO people (id, key, name, phone, community_id, household_id, relation, title_checked, self_entered)"
            " SELECT 7, 'n7', '李明', '', community_id, id, 'owner', 1, 1 FROM households WHERE room = '101'"
        )
    town.take(town.small(), retire=True)
    assert town.rows("SELECT retired_at FROM people WHERE id = 7") == [(None,)]
    town.take(
        town.small(
            people=[*SMALL["people"], ["l1", "李明", "13800000009", "春和社区", "", "1", "1", "101", "", ""]]
        )
    )
    assert town.rows("SELECT id, key, self_entered FROM people WHERE name = '李明'") == [(7, "l1", 0)]


def test_what_was_confirmed_stays_confirmed(town: Town) -> None:
    town.take(town.small())
    with town.engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE people SET relation = 'owner', title_checked = 1, self_entered = 1 WHERE key = 'z1'"
        )
    people = [list(row) for row in SMALL["people"]]
    people[2][8] = ""
    town.take(town.small(people=people))
    assert town.rows("SELECT relation, title_checked FROM people WHERE key = 'z1'") == [("owner", 1)]


def test_a_post_held_in_two_periods(town: Town) -> None:
    head = SMALL["posts"][0]
    periods = [
        ["c1", "楼栋长", "春和社区", "", "1", "", "", "", "", "2024-01-01", "2024-12-31"],
        ["c1", "楼栋长", "春和社区", "", "1", "", "", "", "", "2026-01-01", ""],
    ]
    town.take(town.small(posts=[head, *periods]))
    assert not town.take(town.small(posts=[head, *periods[::-1]])).changes
    assert town.rows("SELECT since, until FROM posts ORDER BY since")[0] == (
        "2023-12-31 16:00:00.000000",
        "2024-12-31 16:00:00.000000",
    )
    roster, _ = town.survey(town.small(posts=[head, periods[1], periods[1]]))
    assert [p.reason for p in roster.problems] == ["roster/same_again"]


def test_a_vanished_post_that_had_not_begun_ends_where_it_would_have_begun(town: Town) -> None:
    head = SMALL["posts"][0]
    town.take(
        town.small(
            posts=[
                head,
                ["c1", "网格员", "春和社区", "", "", "一网格", "", "", "", "2027-05-01", ""],
                SMALL["posts"][1],
            ]
        )
    )
    town.take(town.small(posts=[head, SMALL["posts"][1]]), retire=True)
    assert town.rows("SELECT count(*) FROM posts WHERE until = since") == [(1,)]
    assert town.survey(town.small(posts=[head, SMALL["posts"][1]]), NOW + timedelta(days=1))[1].retires == 0


def test_a_roster_that_changed_meanwhile_is_not_written_over(town: Town) -> None:
    roster, plan = town.survey(town.small())
    town.take(town.small())
    assert not roster.problems
    before = town.everything()
    with pytest.raises(Outdated):
        commit(town.engine, plan, NOW, retire=False)
    assert town.everything() == before


def test_the_demo_loads_once(tmp_path: Path) -> None:
    where = migrated(tmp_path / "var")
    assert load_demo(where)
    assert not load_demo(where)
    engine = sync_engine(parse_url(where.database_url))
    demo = Town(where, engine, tmp_path)
    try:
        counts = {
            t: demo.rows(f"SELECT count(*) FROM {t}")[0][0]
            for t in ("households", "buildings", "grids", "chats")
        }
        assert counts == {"households": 1104, "buildings": 18, "grids": 6, "chats": 19}
        assert demo.rows("SELECT count(DISTINCT building_id) FROM posts WHERE role = 'captain'") == [(18,)]
        assert demo.rows(
            "SELECT count(DISTINCT department) FROM posts WHERE role = 'department_officer'"
        ) == [(4,)]
        assert demo.rows("SELECT count(*) FROM people WHERE name = '李迎新'") == [(0,)]
        assert demo.rows(
            "SELECT owners FROM households h JOIN buildings b ON b.id = building_id WHERE b.name = '3' AND unit = '2' AND room = '501'"
        ) == [("李迎新",)]
    finally:
        engine.dispose()


rooms = st.builds(lambda f, r: f"{f}0{r}", st.integers(1, 30), st.integers(1, 4))
names = st.text("王李张刘陈杨赵黄", min_size=1, max_size=4)
flats = st.dictionaries(
    st.tuples(st.integers(1, 9), rooms),
    st.tuples(st.integers(1, 99_999), st.lists(names, max_size=3)),
    min_size=1,
    max_size=6,
)


@given(
    flats,
    st.dictionaries(
        st.text(string.ascii_lowercase, min_size=1, max_size=4),
        st.tuples(names, st.integers(0, 5)),
        max_size=6,
    ),
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_roster_twice_is_the_roster_once(
    homes: dict[tuple[int, str], tuple[int, list[str]]], persons: dict[str, tuple[str, int]]
) -> None:
    places = list(homes)
    sheets: dict[str, Rows] = {
        **{k: SMALL[k] for k in ("communities", "estates")},
        "buildings": [
            ["社区", "小区", "楼栋"],
            *[["春和社区", "春和苑", f"{b}栋"] for b in sorted({b for b, _ in places})],
        ],
        "households": [
            SMALL["households"][0],
            *[
                ["春和社区", "春和苑", f"{b}号楼", "", r, f"{a // 100}.{a % 100:02d}", "、".join(o)]
                for (b, r), (a, o) in homes.items()
            ],
        ],
        "people": [
            ["编号", "姓名", "社区", "楼栋", "室"],
            *[[k, n, "春和社区", *places[i % len(places)]] for k, (n, i) in persons.items()],
        ],
    }
    with tempfile.TemporaryDirectory() as made:
        where = migrated(Path(made) / "var")
        engine = sync_engine(parse_url(where.database_url))
        one = Town(where, engine, Path(made))
        try:
            path = folder(Path(made) / "r", sheets)
            one.take(path)
            before = one.everything()
            again = one.take(path, retire=True)
            assert not again.changes
            assert not again.retires
            assert one.everything() == before
            assert sorted(a for a, _ in homes.values()) == sorted(
                row[0] for row in one.rows("SELECT area FROM households")
            )
        finally:
            engine.dispose()
