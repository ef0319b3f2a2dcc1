"""A made-up roster of any size, as the CSV folder that `yishiting import` reads."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

COMMUNITY, ESTATE = "测试社区", "测试小区"
SURNAMES, GIVEN = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许", "伟芳娜敏静强磊军洋勇艳杰娟涛明超兰霞平刚"


def name(number: int) -> str:
    """A made-up name."""
    return SURNAMES[number % 20] + GIVEN[number // 20 % 20] + GIVEN[number // 400 % 20]


def write(folder: Path, *, buildings: int, units: int, floors: int, doors: int) -> int:
    """Write the folder: a grid for every ten buildings, a captain for each building, somebody in each flat.
    Returns its rows."""
    folder.mkdir(parents=True)
    flats = [
        (b, u, f"{f}{d:02}")
        for b in range(1, buildings + 1)
        for u in range(1, units + 1)
        for f in range(1, floors + 1)
        for d in range(1, doors + 1)
    ]
    grids = range(1, -(-buildings // 10) + 1)
    officers = [("sec", "杨书记"), ("street", "何主任"), ("prop", "物业小张")]
    officers += [(f"grid{g}", f"网格员{name(g)}") for g in grids] + [
        (f"captain{b}", f"楼长{name(b)}") for b in range(1, buildings + 1)
    ]
    posts: list[Sequence[object]] = [
        ("sec", "社区书记", COMMUNITY, "", "", ""),
        ("street", "街道", COMMUNITY, "", "", ""),
        ("prop", "物业", COMMUNITY, ESTATE, "", ""),
    ]
    posts += [(f"grid{g}", "网格员", COMMUNITY, "", "", f"第{g}网格") for g in grids]
    posts += [(f"captain{b}", "楼栋长", COMMUNITY, ESTATE, f"{b}栋", "") for b in range(1, buildings + 1)]
    rows = 0
    rows += _csv(folder / "communities.csv", "社区,街道,区", [(COMMUNITY, "测试街道", "测试区")])
    rows += _csv(folder / "estates.csv", "社区,小区", [(COMMUNITY, ESTATE)])
    rows += _csv(folder / "grids.csv", "社区,网格", [(COMMUNITY, f"第{g}网格") for g in grids])
    rows += _csv(
        folder / "buildings.csv",
        "社区,小区,楼栋,网格",
        [(COMMUNITY, ESTATE, f"{b}栋", f"第{(b - 1) // 10 + 1}网格") for b in range(1, buildings + 1)],
    )
    rows += _csv(
        folder / "households.csv",
        "社区,小区,楼栋,单元,室,面积,业主",
        [
            (COMMUNITY, ESTATE, f"{b}栋", u, room, f"{60 + place % 90}.{place % 100:02}", name(place))
            for place, (b, u, room) in enumerate(flats)
        ],
    )
    people: list[Sequence[object]] = [
        (key, called, "", COMMUNITY, "", "", "", "", "") for key, called in officers
    ]
    people += [
        (f"p{place}", name(place), "", COMMUNITY, ESTATE, f"{b}栋", u, room, "业主")
        for place, (b, u, room) in enumerate(flats)
    ]
    rows += _csv(folder / "people.csv", "编号,姓名,手机,社区,小区,楼栋,单元,室,身份", people)
    rows += _csv(folder / "posts.csv", "编号,岗位,社区,小区,楼栋,网格", posts)
    chats: list[Sequence[object]] = [("g-all", "业主群", "sandbox", COMMUNITY, ESTATE, "")]
    chats += [(f"g-{b}", f"{b}栋群", "sandbox", COMMUNITY, ESTATE, f"{b}栋") for b in range(1, buildings + 1)]
    rows += _csv(folder / "chats.csv", "群编号,名称,渠道,社区,小区,楼栋", chats)
    return rows


def _csv(path: Path, header: str, rows: Iterable[Sequence[object]]) -> int:
    listed = list(rows)
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(header.split(","))
        out.writerows(listed)
    return len(listed)
