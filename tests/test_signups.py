"""Sign-ups beside the transcripts: long lists, communities apart, what is public, what goes with a person."""

from __future__ import annotations

import itertools
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.app import Yishiting
from bot.turns.message import Inbound
from models.messages.privacy import GONE
from models.messages.tables import Outbox
from models.people.steps import raise_revision
from models.people.tables import Chat, Identity
from models.places.tables import Community
from models.privacy import erase, export_identity
from models.signups.find import standing
from models.signups.public import view
from models.signups.rules import Line, public_note, public_title, same
from models.signups.tables import SignUp, SignUpEntry
from tests.ops.test_leaks import holding
from tests.town import town

COUNT = itertools.count(1)


async def say(bot: Yishiting, who: str, text: str, chat: str = "g") -> list[str]:
    sent = await bot.hub.receive(Inbound("sandbox", chat, who, text, message_id=f"t{next(COUNT)}"))
    return [one.body["text"] for one in sent]


def names(session: Session, number: int = 1) -> list[str]:
    signup = next(s for s in session.scalars(select(SignUp)) if s.number == number)
    return [line.name for line in standing(session, signup)]


async def test_a_list_longer_than_a_message_is_read_to_its_end(tmp_path: Path) -> None:
    async with town(tmp_path) as bot:
        lines = [f"{n}. 张家第{n}户 {n}份大米和油，送到门卫室就好" for n in range(1, 101)]
        await say(bot, "r1", "#接龙 大米团购\n" + "\n".join(lines[:99]))
        assert await say(bot, "r2", "#接龙 大米团购\n" + "\n".join(lines)) == []
        assert len(await bot.database.read(names)) == 100
        (long,) = await say(bot, "r2", "接龙 1")
        assert long.endswith("/signups/1")
        assert len(long) < 200


async def test_two_communities_have_their_own_numbers_and_lists(tmp_path: Path) -> None:
    def second(session: Session) -> None:
        session.add(Community(id=2, street_id=1, name="翠湖社区"))
        session.add(Chat(id=3, channel="sandbox", key="h", name="翠湖群", community_id=2))
        raise_revision(session)

    async with town(tmp_path) as bot:
        await bot.database.turn(second)
        await bot.hub.refresh_if_stale()
        assert "#1" in (await say(bot, "r1", "#接龙 包饺子\n1. 老王"))[0]
        assert "#1" in (await say(bot, "r1", "#接龙 包饺子\n1. 老王\n2. 李姐", "h"))[0]
        assert "#2" in (await say(bot, "r1", "#接龙 剪窗花\n1. 老王", "h"))[0]
        assert "#2" in (await say(bot, "r1", "接龙 2"))[0], "nothing has this number here"
        assert await say(bot, "r1", "结束接龙 1", "h")
        assert await say(bot, "r2", "#接龙 包饺子\n1. 老王\n2. 张叔") == []
        assert (await say(bot, "r1", "接龙 1"))[0].split()[3:] == ["1.", "老王", "2.", "张叔"]


async def test_a_group_nobody_entered_leaves_nothing(tmp_path: Path) -> None:
    async with town(tmp_path) as bot:
        assert await say(bot, "r1", "#接龙 包饺子\n1. 龘靐", "elsewhere") == []
        assert not holding(tmp_path, "龘靐")


async def test_what_a_person_sent_goes_with_the_person(tmp_path: Path) -> None:
    async with town(tmp_path) as bot:
        await say(bot, "r1", "#接龙 包饺子 找居民1\n1. 龘靐 靐龘两份")
        await say(bot, "r2", "#接龙 包饺子 找居民1\n1. 龘靐 靐龘两份\n2. 老王")
        await say(bot, "r2", "接龙 1")
        assert holding(tmp_path, "龘靐")

        def gone(session: Session) -> None:
            (who,) = session.scalars(select(Identity.id).where(Identity.external == "r1"))
            assert export_identity(session, [who])["接龙"][0]["名字"] == "龘靐"
            erase(session, [who], bot.clock.now())

        await bot.database.turn(gone)
        await bot.sweep()
        assert not any(holding(tmp_path, mark) for mark in ("龘靐", "靐龘"))
        assert await bot.database.read(names) == ["老王"]

        def rest(session: Session) -> None:
            signup = session.scalars(select(SignUp)).one()
            assert (signup.opener_id, signup.title) == (None, "包饺子 找居**")
            assert {
                row.body["text"] for row in session.scalars(select(Outbox).where(Outbox.about == signup.id))
            } == {GONE}

        await bot.database.read(rest)


async def test_after_two_years_a_sign_up_names_nobody(tmp_path: Path) -> None:
    async with town(tmp_path) as bot:
        await say(bot, "r1", "#接龙 包饺子\n1. 龘靐 靐龘两份")
        await say(bot, "r1", "结束接龙 1")
        bot.clock.stand_at(bot.clock.now() + timedelta(days=bot.settings.reporter_days - 1))
        await bot.sweep()
        assert await bot.database.read(names) == ["龘靐"]
        bot.clock.stand_at(bot.clock.now() + timedelta(days=2))
        await bot.sweep()
        assert not holding(tmp_path, "龘靐")

        def rest(session: Session) -> None:
            assert session.scalars(select(SignUpEntry.owner_id)).all() == [None]
            assert len(view(session, session.scalars(select(SignUp)).one()).entries) == 1

        await bot.database.read(rest)


@pytest.mark.parametrize(
    ("written", "public"),
    [
        ("周六沃柑团购 5斤装25元", "周六沃柑团购 5斤装25元"),
        ("找3-502李迎春报名", "找…李**报名"),
        ("3栋2单元501门口集合", "…门口集合"),
        ("看望502王奶奶 电话138 0000 1234", "看望…王奶奶 电话…"),
        ("2026年春晚 周五19:30", "2026年春晚 周五19:30"),
        ("限300人 每人120元", "限300人 每人120元"),
    ],
)
def test_a_public_title_names_no_flat_phone_or_person(written: str, public: str) -> None:
    assert public_title(written, ["李迎春"]) == public


@pytest.mark.parametrize(
    ("written", "public"),
    [
        ("3-502 两份", "两份"),
        ("要1份 放门口", "要1份"),
        ("2大1小 代张三丰报", "2大1小"),
        ("13800001234", ""),
        ("+1", "+1"),
        ("76", ""),
        ("502", ""),
        ("周一上午", "周一上午"),
        ("不要，问李迎春", "不要"),
    ],
)
def test_of_a_note_the_public_reads_what_counts(written: str, public: str) -> None:
    assert public_note(written) == public


def lines(*given: str) -> list[SignUpEntry]:
    return [SignUpEntry(name=name, note="") for name in given]


@pytest.mark.parametrize(
    ("title", "sent", "other", "kept", "fresh", "expected"),
    [
        ("周六沃柑🍊 团购！", "A", "周六沃柑团购", "AB", True, True),
        ("周六沃柑团购", "C", "周六沃柑团购", "AB", True, True),
        # last week's list of the same title, and one that went on all week
        ("周三羽毛球", "A", "周三羽毛球", "ABCD", False, False),
        ("周三羽毛球", "ABCDE", "周三羽毛球", "ABCD", False, True),
        # one day is not another
        ("周日沃柑团购", "ABC", "周六沃柑团购", "ABC", True, False),
        # the opener adds a word
        ("周六沃柑团购（还差3份）", "ABC", "周六沃柑团购", "ABC", True, True),
        ("周六沃柑团购第二批", "A", "周六沃柑团购", "ABC", True, False),
        # without a title only the lines tell
        ("", "C", "", "AB", True, False),
        ("", "AC", "", "AB", True, True),
    ],
)
def test_which_list_is_passed_on(
    title: str, sent: str, other: str, kept: str, fresh: bool, expected: bool
) -> None:
    assert same(title, map(Line, sent), other, lines(*kept), fresh=fresh) is expected
