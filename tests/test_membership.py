"""Who is entered where: names in every wording, accounts of real channels, titles, claims that came too
late."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.app import Yishiting
from bot.language import Reader
from bot.turns.message import Inbound
from models.people.rules import Relation, Role, spoken_name
from models.people.tables import Claim, Identity, Person, Post
from models.places.tables import Building, Community, Estate, Household
from tests.town import START, StillClock, town

SURNAMES = "李王张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗房叶苏"
GIVEN = "迎春新明芳建国秀英强磊静丽勇艳杰娟涛敏霞平刚桂兰晨曦"
NAMES = st.builds(
    lambda first, rest: first + rest, st.sampled_from(SURNAMES), st.text(GIVEN, min_size=1, max_size=2)
)
ADDRESSES = st.sampled_from(
    ["3栋2单元501", "3-2-501", "三栋二单元501室", "3号楼501", "金康园小区3栋2单元501", "3幢2单元1203"]
)
LINKS = st.sampled_from([" ", "的", "业主", "的业主", " 业主 ", "租户", ",我叫", " 住户"])


@settings(deadline=None)
@given(NAMES, ADDRESSES, LINKS)
def test_the_name_comes_back_whatever_stands_between(name: str, address: str, link: str) -> None:
    assert spoken_name(f"{address}{link}{name}") == name


@settings(deadline=None)
@given(NAMES, ADDRESSES)
def test_the_language_part_reads_the_same_sentence(name: str, address: str) -> None:
    reading = READER.read(f"我是 {address} {name}")
    assert reading.command is not None
    assert reading.command.verb == "identify"
    assert spoken_name(reading.command.rest) == name


@pytest.mark.parametrize(
    "words", ["", "3栋2单元501", "3栋2单元501 张奶奶", "3栋2单元501 业主", "3栋2单元501 13800001234"]
)
def test_no_full_name_is_no_name(words: str) -> None:
    assert spoken_name(words) == ""


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("3栋501租户 阿依古丽·买买提", "阿依古丽·买买提"),
        ("3栋501 李 明", "李明"),
        ("我叫李迎新，住3栋2单元501", "李迎新"),
        ("3栋501 李新 13800001234", "李新"),
    ],
)
def test_other_wordings(words: str, name: str) -> None:
    assert spoken_name(words) == name


READER = Reader()


def owners(session: Session) -> None:
    session.get_one(Household, 9).owners = "李迎春、王芳(1234)"


async def say(bot: Yishiting, who: str, text: str, channel: str = "sandbox") -> list[str]:
    sent = await bot.hub.receive(Inbound(channel=channel, chat=f"dm:{who}", sender=who, text=text))
    return [f"{s.address} {s.body['text']}" for s in sent]


async def person(bot: Yishiting, key: str) -> Person:
    return await bot.database.read(
        lambda session: session.scalars(select(Person).where(Person.key == key)).one()
    )


async def account(bot: Yishiting, who: str) -> Identity:
    return await bot.database.read(
        lambda session: session.scalars(select(Identity).where(Identity.external == who)).one()
    )


async def test_an_account_of_a_real_channel_becomes_the_person_of_the_roster(tmp_path: Path) -> None:
    async with town(tmp_path) as bot:
        await bot.database.turn(owners)
        told = await say(bot, "qq1", "我是 3栋1单元101 李迎春", "onebot")
        assert any("名册上这一户有这个名字" in line for line in told)
        assert (await account(bot, "qq1")).person_id is None
        await say(bot, "c3", "确认住户 N1")
        assert (await account(bot, "qq1")).person_id == 110
        known = await person(bot, "r3x")
        assert (known.relation, known.title_checked) == (Relation.TENANT, False), (
            "the roster knows better than the claim"
        )


async def test_somebody_new_is_an_owner_by_name_and_on_the_roll_only_after_the_title(tmp_path: Path) -> None:
    async with town(tmp_path) as bot:
        await bot.database.turn(owners)
        await say(bot, "qq2", "我是 3栋1单元101 王芳", "onebot")
        await say(bot, "c3", "确认住户 N1")
        new = await person(bot, "self-1")
        assert (new.name, new.relation, new.title_checked, new.self_entered, new.household_id) == (
            "王芳",
            Relation.OWNER,
            False,
            True,
            9,
        )
        assert "self-1" in bot.hub.directory.people
        told = await say(bot, "qq2", "我是 3栋1单元101 王芳", "onebot")
        assert any("还没看过产权证" in line for line in told)
        await say(bot, "c3", "确认业主 self-1")
        assert (await person(bot, "self-1")).title_checked
        assert "不用再登记" in (await say(bot, "qq2", "我是 3栋1单元101 王芳", "onebot"))[0]


async def test_an_account_that_changes_hands_is_somebody_else(tmp_path: Path) -> None:
    async with town(tmp_path) as bot:
        await say(bot, "qq3", "我是 3栋1单元101 李迎春", "onebot")
        await say(bot, "c3", "确认住户 1")
        await say(bot, "qq3", "我是 3栋2单元101 赵小六", "onebot")
        await say(bot, "c3", "确认住户 2")
        assert (await person(bot, "r3x")).name == "李迎春"
        assert (await account(bot, "qq3")).person_id == (await person(bot, "self-2")).id


async def test_a_second_account_of_one_person_is_pointed_out(tmp_path: Path) -> None:
    async with town(tmp_path) as bot:
        await say(bot, "qq4", "我是 3栋1单元101 李迎春", "onebot")
        await say(bot, "c3", "确认住户 1")
        told = await say(bot, "qq5", "我是 3栋1单元101 李迎春", "onebot")
        assert any("已经有别的账号" in line for line in told)


async def test_a_captain_does_not_confirm_a_second_account_of_their_own(tmp_path: Path) -> None:
    async with town(tmp_path) as bot:

        def at_home(session: Session) -> None:
            session.scalars(select(Person).where(Person.key == "c3")).one().household_id = 10

        await bot.database.turn(at_home)
        told = await say(bot, "qq6", "我是 3栋1单元501 王建国", "onebot")
        assert any(line.startswith("dm:c3b ") for line in told) or any(
            line.startswith("dm:g1 ") for line in told
        )
        assert "请别人来确认" in (await say(bot, "c3", "确认业主 N1"))[0]


async def test_a_claim_is_open_for_thirty_days(tmp_path: Path) -> None:
    async with town(tmp_path) as bot:
        await say(bot, "qq7", "我是 3栋1单元501 赵小六", "onebot")
        clock = bot.clock
        assert isinstance(clock, StillClock)
        clock.at = START + timedelta(days=29)
        assert "N1" not in (await say(bot, "c3", "确认住户"))[0], "the only one that waits"
        await say(bot, "qq7", "我是 3栋2单元501 赵小六", "onebot")
        clock.at += timedelta(days=30)
        assert "已经过期" in (await say(bot, "c3", "确认住户 N2"))[0]
        claims = await bot.database.read(
            lambda session: session.scalars(select(Claim).order_by(Claim.number)).all()
        )
        assert [(c.number, c.decided_by is not None) for c in claims] == [(1, True), (2, False)]


def second_community(session: Session) -> None:
    session.add_all(
        [
            Community(id=2, street_id=1, name="翠湖社区"),
            Estate(id=2, community_id=2, name="翠湖里", aliases="翠湖小区"),
        ]
    )
    session.add(Building(id=20, community_id=2, estate_id=2, grid_id=None, name="3"))
    session.add(Household(id=90, community_id=2, building_id=20, unit="2", room="501", area=8000, owners=""))
    session.add(Person(id=300, key="x1", name="沈楼长", community_id=2))
    session.add(Post(id=300, person_id=300, role=Role.CAPTAIN, community_id=2, building_id=20))
    session.add(Person(id=301, key="wide", name="街道老唐", community_id=None))
    session.add_all(Post(id=300 + c, person_id=301, role=Role.STREET_OFFICER, community_id=c) for c in (1, 2))


async def test_an_estate_tells_the_community_of_an_account_nobody_knows(tmp_path: Path) -> None:
    async with town(tmp_path) as bot:
        await bot.database.turn(second_community)
        await bot.hub.hearing.refresh()
        assert "请写上小区的名字" in (await say(bot, "qq8", "我是 3栋2单元501 李迎新", "onebot"))[0]
        told = await say(bot, "qq8", "我是 翠湖里3栋2单元501 李迎新", "onebot")
        assert any(line.startswith("dm:x1 ") and "3栋2单元501" in line for line in told)
        await say(bot, "c3", "确认业主 N1")
        assert (await account(bot, "qq8")).person_id is None, "a captain of another community has no say"
        await say(bot, "x1", "确认业主 N1")
        home = await bot.database.read(lambda session: session.get_one(Household, 90))
        assert home.owners == "李迎新", "a flat without owners on the roster has one now"


async def test_an_officer_of_several_communities_goes_on_leave_from_all(tmp_path: Path) -> None:
    async with town(tmp_path) as bot:
        await bot.database.turn(second_community)
        await bot.hub.hearing.refresh()
        assert "您请假到12月5日" in (await say(bot, "wide", "请假 到12月5日"))[0]
        assert "欢迎回来" in (await say(bot, "wide", "销假"))[0]
        assert "没有请假" in (await say(bot, "wide", "销假"))[0]
