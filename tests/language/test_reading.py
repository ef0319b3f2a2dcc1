"""What messages mean, on sentences of our own; the measured figures are in docs/understanding.md."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opencc import OpenCC

from bot.language import Reader, category_name, category_of, role_of, urgency_of
from bot.language.lexicon import read_files
from bot.language.measuring.check import errors
from bot.language.measuring.fit import DATA
from bot.language.understanding import Understanding

with (Path(__file__).parent / "examples.tsv").open(encoding="utf-8", newline="") as file:
    EXAMPLES = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))

#: Traditional spellings of Hong Kong, Taiwan and the plain standard.
CONVERTERS = [OpenCC(name) for name in ("s2t", "s2tw", "s2hk")]


def essence(reading: Understanding) -> tuple[object, ...]:
    return (
        reading.intent,
        reading.category,
        reading.urgency,
        reading.place,
        reading.score,
        reading.command,
        reading.alarm,
        reading.against,
    )


def test_examples_are_read_right(reader: Reader) -> None:
    """Not each single one is asked for: 9 of 10 reports, 19 of 20 chatter lines, 4 of 5 categories."""
    rows = [(row, reader.read(row["text"])) for row in EXAMPLES]
    reports = [(row, reading) for row, reading in rows if row["intent"] == "report"]
    chatter = [reading for row, reading in rows if row["intent"] == "chatter"]
    caught = [(row, reading) for row, reading in reports if reading.intent == "report"]
    assert len(caught) >= 0.9 * len(reports), [
        row["text"] for row, reading in reports if reading.intent != "report"
    ]
    assert sum(reading.intent == "report" for reading in chatter) <= 0.05 * len(chatter)
    assert sum(reading.category == row["category"] for row, reading in caught) >= 0.8 * len(caught)
    for row, reading in rows:
        if row["intent"] not in {"report", "chatter"}:
            assert reading.intent == row["intent"], row["text"]


def test_traditional_reads_like_simplified(reader: Reader) -> None:
    for row in EXAMPLES:
        plain = essence(reader.read(row["text"]))
        for converter in CONVERTERS:
            assert essence(reader.read(converter.convert(row["text"]))) == plain, row["text"]


def test_full_width_reads_like_half_width(reader: Reader) -> None:
    widen = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
    for row in EXAMPLES:
        assert essence(reader.read(row["text"].translate(widen))) == essence(reader.read(row["text"])), row[
            "text"
        ]


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=20000), st.booleans(), st.booleans())
def test_nothing_raises(text: str, mention: bool, quoted: bool) -> None:
    reader = _shared()
    reading = reader.read(text, mention=mention, quoted=quoted)
    assert 0.0 <= reading.score <= 1.0
    assert len(reading.text) <= 1000
    reader.glance(text)
    reader.split(text)


@settings(deadline=None, max_examples=40)
@given(
    st.lists(
        st.sampled_from(
            [row["text"] for row in EXAMPLES]
            + ["接龙", "#接龙\n1. ", "发起投票", "\ud800", "17", "🔥", "\n", "|", "1️⃣", "匿名反映 "]
        ),
        max_size=400,
    ).map("".join)
)
def test_nothing_raises_on_words_of_ours(text: str) -> None:
    _shared().read_all(text[:20000], mention=True)


_readers: list[Reader] = []


def _shared() -> Reader:
    if not _readers:
        _readers.append(Reader())
    return _readers[0]


def test_only_the_first_thousand_characters_count(reader: Reader) -> None:
    filler = "好" * 1000
    assert reader.read(filler + "电梯困人了快来").intent == "chatter"
    assert reader.read(filler + "甲").text == reader.read(filler + "乙").text


def test_lone_surrogates_and_odd_characters(reader: Reader) -> None:
    for text in ("\ud800電梯壞了", "\x00\x01", "", " ", "\u202e漏水\u202c", "𠮷" * 50, "a\u0301" * 300):
        reader.read(text, mention=True)


def test_glance_is_plain_chatter_only(reader: Reader) -> None:
    for row in EXAMPLES:
        if not reader.glance(row["text"]):
            assert reader.read(row["text"]).intent == "chatter"
            assert row["intent"] == "chatter", row["text"]
    assert not reader.glance("今天天气真好呀")
    assert reader.glance("停 水 了")
    assert reader.glance("電梯")


def test_why_names_words_and_weights(reader: Reader) -> None:
    why = " ".join(reader.read("5栋二单元漏水了，麻烦物业来修一下").why)
    assert "漏水" in why
    assert "+" in why


@pytest.mark.parametrize(
    ("text", "roles"),
    [
        ("物业不作为，垃圾堆了三天", {"property_officer"}),
        ("楼长收钱不办事，电梯坏了也不管", {"captain"}),
        ("网格员从来不回微信，路灯坏了找谁", {"grid_member"}),
        ("投诉业委会不公示账目，公共收益去哪了", {"owners_committee"}),
        ("@物业 来修一下单元门，锁坏了", set()),
        ("请社区书记协调下，楼上天天半夜吵", set()),
        ("麻烦物业派人看看，3栋漏水", set()),
    ],
)
def test_whom_a_complaint_is_against(reader: Reader, text: str, roles: set[str]) -> None:
    reading = reader.read(text, mention=True)
    assert reading.intent == "report", reading.why
    assert set(reading.against) == roles


def test_anonymous_reports(reader: Reader) -> None:
    reading = reader.read("匿名反映 楼下天天赌钱到半夜")
    assert reading.anonymous
    assert reading.intent == "report"
    assert reading.text == "楼下天天赌钱到半夜"
    assert reader.read("@小助手 匿名反映：有人偷电").anonymous


def test_slips_and_voices_are_mended(reader: Reader) -> None:
    assert reader.read("5栋躁音太大了，天天吵到半夜").category == "noise"
    assert reader.read("3栋电提坏了没人修").category == "elevator"


def test_emoji_beside_a_place(reader: Reader) -> None:
    assert reader.read("3栋楼道🔥🔥快来人").alarm == "fire"
    assert reader.read("这锅底太辣了🔥🔥").alarm is None


def test_quotations_are_not_the_writers_own(reader: Reader) -> None:
    assert reader.read("「王姐：3栋电梯坏了没人修」\n------\n好的收到").intent == "chatter"
    assert reader.read("[转发]消防员教大家：闻到煤气先关阀再开窗").intent == "chatter"


def test_a_mention_lowers_the_bar(reader: Reader) -> None:
    text = "3栋楼道的灯"
    assert reader.read(text, mention=True).score > reader.read(text).score


def test_several_issues_in_one_message(reader: Reader) -> None:
    text = "3栋一是楼道灯不亮，二是电梯老是卡住，三是垃圾两天没清"
    parts = reader.read_all(text, mention=True)
    assert [part.category for part in parts] == ["public_facilities", "elevator", "sanitation"]
    assert {part.place.building for part in parts} == {"3"}
    assert len(reader.read_all("3栋漏水了，天花板滴滴答答", mention=True)) == 1


def test_names() -> None:
    assert category_of("噪音") == category_of("噪声") == category_of("noise") == "noise"
    assert category_of("漏水") == "leak_drainage"
    assert category_of("没有这一类") is None
    assert category_name("elevator") == "电梯"
    assert role_of("楼长") == "captain"
    assert urgency_of("紧急") == "emergency"


def test_signup(reader: Reader) -> None:
    signup = reader.read(
        "#接龙 周日包粽子\n例：姓名+人数\n1. 王孃孃🌸 2人\n2、3-502 老周 1人\n3️⃣ 小敏（带糯米）\n4. \n5. 张三丰"
    ).signup
    assert signup == {
        "title": "周日包粽子",
        "entries": [
            {"name": "王孃孃🌸", "note": "2人"},
            {"name": "老周", "note": "3-502 1人"},
            {"name": "小敏", "note": "带糯米"},
            {"name": "张三丰", "note": ""},
        ],
    }
    assert reader.read("接龍 聖誕交換禮物\n1. 陳太\n2. 黃生").signup == {
        "title": "聖誕交換禮物",
        "entries": [{"name": "陳太", "note": ""}, {"name": "黃生", "note": ""}],
    }
    assert reader.read("接龙的来拿菜了").signup is None


def test_lexicon_is_in_order() -> None:
    assert errors(read_files()) == []


@pytest.mark.skipif(not DATA.is_dir(), reason="the development data is not part of the project")
def test_development_targets(reader: Reader) -> None:
    from bot.language.measuring.evaluate import measure

    rows = {row.name: row.ours for row in measure(baselines=False)}

    def share(name: str) -> float:
        return float(rows[name].split()[0])

    assert share("report recall, group chat") >= 0.95
    assert share("precision among group chat's hard negatives") >= 0.90
    assert share("false alarms per 1,000, chitchat") <= 1.0
    assert share("hard chat lines: not_report taken for reports") <= 0.05
    assert share("emergencies recalled") == 1.0
    assert share("category of reports found, with alternatives") >= 0.92
    assert share("category, community-level letters, with alternatives") >= 0.85
    assert share("place of reports: estate, building, unit, room all exact") >= 0.97
    assert share("vote lines: whole") >= 0.95
    assert share("接龙: entries") >= 0.95


@pytest.mark.parametrize(
    "piece",
    [
        "/ ",
        "截止",
        "下",
        "我要",
        "三天",
        "要不要",
        "还是",
        "、",
        "路",
        "店",
        "我",
        "|",
        "投票:",
        "匿名",
        "一二三",
        "栋2单元",
        "1-2-",
        "请 ",
    ],
)
def test_repeated_pieces_are_read_at_once(reader: Reader, piece: str) -> None:
    """A pattern that doubles its work with every repetition would never come back from these."""
    for text in (piece * 500, f"发起投票 {piece * 300}", f"投票:{piece * 300}", f"匿名反映{piece * 300}"):
        for mention in (False, True):
            assert reader.read_all(text, mention=mention)
