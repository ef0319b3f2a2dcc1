"""Places as residents write them, and numbers that are none."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.language import Gazetteer, Place, Reader, parse_place, render_place

numbers = st.integers(1, 99).map(str)
buildings = st.one_of(numbers, st.sampled_from(list("ABCDEF")))
rooms = st.builds(lambda floor, door: f"{floor}{door:02}", st.integers(1, 33), st.integers(1, 12))
spots = st.sampled_from(["电梯", "楼道", "东门", "地下车库", "消防通道", "垃圾房", "阳台"])
units = st.one_of(st.none(), st.integers(1, 12).map(str))


@given(buildings, units, st.one_of(st.none(), rooms), st.one_of(st.none(), spots))
def test_every_rendering_comes_back(
    building: str, unit: str | None, room: str | None, spot: str | None
) -> None:
    place = Place(None, building, unit, room, spot)
    assert parse_place(render_place(place)) == place


@given(units, st.one_of(st.none(), rooms), spots)
def test_parts_alone_come_back(unit: str | None, room: str | None, spot: str) -> None:
    place = Place(None, None, unit, room, spot)
    assert parse_place(render_place(place)) == place


def test_estates_come_back() -> None:
    gazetteer = Gazetteer(
        estates={"金康园小区": "金康园小区", "金康园": "金康园小区", "老糖厂宿舍": "金康园小区"}
    )
    place = Place("金康园小区", "3", "2", "501", "电梯")
    assert parse_place(render_place(place), gazetteer) == place
    assert parse_place("老糖厂宿舍3栋电梯坏了", gazetteer).estate == "金康园小区"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("3栋2单元501", {"building": "3", "unit": "2", "room": "501"}),
        ("三栋二单元五楼漏水", {"building": "3", "unit": "2"}),
        ("3-2-501 李姐", {"building": "3", "unit": "2", "room": "501"}),
        ("12－1－1804", {"building": "12", "unit": "1", "room": "1804"}),
        ("6-402家没水", {"building": "6", "room": "402"}),
        ("三号楼电梯", {"building": "3", "spot": "电梯"}),
        ("A座大堂", {"building": "A", "spot": "大堂"}),
        ("b栋1203", {"building": "B", "room": "1203"}),
        ("十七幢一单元", {"building": "17", "unit": "1"}),
        ("老二栋门口", {"building": "2", "spot": "门口"}),
        ("14号院没水了", {"estate": "14号院"}),
        ("负一楼积水", {"spot": "负一楼"}),
        ("地下车库B区进水", {"spot": "地下车库B区"}),
        ("东门保安睡觉", {"spot": "东门"}),
        ("2单元楼道灯不亮", {"unit": "2", "spot": "楼道灯"}),
        ("楼上1502漏水", {"room": "1502"}),
        ("５棟３單元", {"building": "5", "unit": "3"}),
    ],
)
def test_places(text: str, parts: dict[str, str]) -> None:
    assert parse_place(text).as_dict() == parts


@pytest.mark.parametrize(
    "text",
    [
        "下午3点开会",
        "坐501路公交",
        "打12345投诉",
        "花了1200块",
        "2024年的事",
        "一共300户",
        "这栋楼",
        "手机尾号8888",
        "每栋都有",
        "停水3天了",
    ],
)
def test_numbers_that_are_no_place(text: str) -> None:
    place = parse_place(text)
    assert (place.building, place.unit, place.room) == (None, None, None)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("云南省昆明市五华区人民路12号春城花园3幢2单元501室", ("3", "2", "501")),
        ("滨江街道文化路88号春城名苑5-2-301", ("5", "2", "301")),
        ("高新区科技大道20号春城大厦12楼1206", (None, None, "1206")),
    ],
)
def test_formal_addresses(text: str, parts: tuple[str | None, str | None, str | None]) -> None:
    place = parse_place(text)
    assert (place.building, place.unit, place.room) == parts


@given(st.text(alphabet=string.printable + "栋单元室号楼路门院苑一二三", max_size=60))
def test_any_text_has_a_place_or_none(text: str) -> None:
    parse_place(text)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("六栋四楼401 水龙头出来的水细得像线", {"building": "6", "room": "401"}),
        ("10栋1单元三零二，地漏返沫子", {"building": "10", "unit": "1", "room": "302"}),
        ("301天天在阳台冲水", {"room": "301", "spot": "阳台"}),
        ("我住二层202，窗台底下焊了钢架", {"room": "202"}),
        (
            "阀门自己关了，融悦府11-2-1703",
            {"estate": "融悦府", "building": "11", "unit": "2", "room": "1703"},
        ),
        ("7幢和8幢中间的路面塌了一块", {"spot": "路面"}),
        ("后门豆腐坊烧锯木面", {"spot": "后门豆腐坊"}),
        ("更衣室的储物柜锁全掉了", {"spot": "更衣室"}),
        ("1号门那边没人管", {"spot": "1号门"}),
        ("6楼602漏水", {"room": "602"}),
        ("502老太太捡的纸壳堆到门口", {"room": "502", "spot": "门口"}),
        ("二手电动车 电池新换 跑40公里 1200", {}),
        ("今晚11点到明早4点门禁请刷卡", {"spot": "门禁"}),
    ],
)
def test_places_as_people_write_them(text: str, parts: dict[str, str]) -> None:
    said = {name: value for name, value in parse_place(text).as_dict().items() if value}
    assert {name: said.get(name) for name in parts} == parts
    assert said.get("building") == parts.get("building")


def test_somewhere_else_is_no_place_here_unless_it_is_somebodys_door(reader: Reader) -> None:
    assert not reader.read("听说北京3栋楼塌了", mention=True).place
    assert reader.read("我在北京出差，3栋2单元501麻烦帮我收一下", mention=True).place == Place(
        None, "3", "2", "501"
    )
