"""Formal addresses: how they are cut, what comes out, and text that is none."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.language import Place, parse_place
from bot.language.addresses import LABELS, AddressGrammar, looks_formal, parse_formal
from bot.language.lexicon import LexiconError, load_lexicon


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("云南省昆明市五华区人民路12号春城花园3幢2单元501室", ("3", "2", "501")),
        ("昆明市翠竹路88号金康园小区12-3-1502", ("12", "3", "1502")),
        ("昆明市翠竹路88号金康园小区12-1502", ("12", None, "1502")),
        ("红河市红星镇春城家园七栋二单元六楼", ("7", "2", None)),
        ("云溪市春风路6号云溪大厦A座1206室", ("A", None, "1206")),
        ("云溪市春风路6号云溪大厦18楼1806", (None, None, "1806")),
        ("云溪市春风路6号云溪大厦2B1806室", ("2B", None, "1806")),
        ("云溪市春风路6号云溪市场三楼1101-1102号", (None, None, "1101-1102")),
        ("云溪市春风路6号", (None, None, None)),
        ("云溪市春风镇柳树村15号", (None, None, None)),
        ("云溪市春风街道翠湖小区5号楼3单元", ("5", "3", None)),
        ("云溪市春风街道翠湖小区_5幢_3单元_402", ("5", "3", "402")),
        ("云溪市春风街道翠湖小区5一3一402", ("5", "3", "402")),
        ("云溪市春风街道翠湖小区05幢03单元0402室", ("5", "3", "402")),
        ("云溪市春风街道翠湖小区b幢九单元三零二室", ("B", "9", "302")),
        ("云溪市春风街道翠湖小区甲栋402室", ("甲", None, "402")),
    ],
)
def test_parts(text: str, parts: tuple[str | None, ...]) -> None:
    assert looks_formal(text)
    place = parse_formal(text)
    assert (place.building, place.unit, place.room) == parts


@pytest.mark.parametrize(
    ("text", "formal"),
    [
        ("云溪苑花园七栋六楼", False),
        ("云溪市云溪苑花园七栋六楼", True),
        ("翠湖名苑12幢3-1502", True),
        ("翠湖名苑3栋", False),
        ("手机尾号8888", False),
        ("云溪市春风路6号电梯坏了", False),
        ("云溪市春风路", False),
    ],
)
def test_what_looks_formal(text: str, formal: bool) -> None:
    assert looks_formal(text) is formal


def test_quantities_are_no_parts() -> None:
    assert not parse_place("通知 社区卫生站给65岁以上老人量血压")
    assert not parse_place("我区未来6小时有大雨")


def _grammar(**changes: Any) -> AddressGrammar:
    return AddressGrammar({**load_lexicon().addresses, **changes})


def test_items() -> None:
    items = _grammar().items("翠竹路88号金康园小区A栋12-301")
    assert [item.name for item in items] == ["88", "A", "12", "301"]
    assert [item.join for item in items] == ["words", "words", "mark", "hyphen"]
    assert [item.mark for item in items] == ["号", "栋", "bare", "bare"]
    assert [item.after for item in items[:3]] == ["路", "小区", "栋"]
    assert [item.last for item in items] == [False, False, False, True]
    assert _grammar().items("春风路") == []


@pytest.mark.parametrize(
    ("labels", "parts"),
    [
        ("building room", ("A", None, "1215")),
        ("room room", (None, None, "A1215")),
        ("none room", (None, None, "1215")),
    ],
)
def test_neighbours_with_one_label_are_one_name(labels: str, parts: tuple[str | None, ...]) -> None:
    grammar = _grammar()
    place = grammar.place(grammar.items("a1215"), [LABELS.index(label) for label in labels.split()])
    assert (place.building, place.unit, place.room) == parts


def test_weights_decide() -> None:
    text = "翠竹路88"
    assert _grammar(weights={"room": {"after 路": 1}}, steps={}).parse(text) == Place(room="88")
    assert _grammar(weights={"unit": {"after 路, 2 digits": 1}, "room": {"any": 0.5}}, steps={}).parse(
        text
    ) == Place(unit="88")
    steps = {"hyphen": {"building room": 2}}
    assert _grammar(weights={"building": {"1 of 2": 1}}, steps=steps).parse("8-9") == Place(
        building="8", room="9"
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"weights": {"cellar": {"any": 1}}},
        {"weights": {"room": {"any": "much"}}},
        {"steps": {"glued": {"room": 1}}},
        {"marks": ["号"]},
    ],
)
def test_mistakes_in_the_file_are_named(changes: dict[str, Any]) -> None:
    with pytest.raises(LexiconError, match=r"addresses\.yaml"):
        _grammar(**changes)


@given(
    st.text(max_size=200) | st.text(alphabet="0aB一十甲号栋幢座单元楼室弄-_~ 、/路村小区²٣Ⅷ", max_size=200)
)
def test_any_text_is_read(text: str) -> None:
    looks_formal(text)
    place = parse_formal(text)
    for part in (place.building, place.unit, place.room):
        assert part is None or (part and all(sign.isascii() or sign in "甲乙丙丁" for sign in part))


@pytest.mark.parametrize("piece", ["1-", "A1", "5栋", "一号", "十", "-", "9", "1 ", "村", "9" * 50 + "-"])
def test_long_text_takes_no_longer_than_its_length(piece: str) -> None:
    text = (piece * 1000)[:1000]
    began = time.perf_counter()
    looks_formal(text)
    parse_formal(text)
    assert time.perf_counter() - began < 0.5
