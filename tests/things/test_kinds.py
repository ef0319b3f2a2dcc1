"""Everything with a number is a thing: an unknown number, a number of another kind, and a verb that a kind does not
know are three sentences, and nobody learns from them what they may not know."""

from __future__ import annotations

from collections.abc import AsyncIterator
from fnmatch import fnmatchcase
from pathlib import Path
from urllib.parse import quote

import pytest
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy.orm import Session

from bot import app
from models.places.tables import Community
from models.things.steps import number
from tests.things.toys import Play, toy_town


@pytest.fixture
async def play(tmp_path: Path) -> AsyncIterator[Play]:
    async with toy_town(tmp_path) as made:
        yield made


@pytest.mark.parametrize(
    ("who", "words", "answer"),
    [
        ("r1", "附议 2", "已给 #2「积木」附议*"),
        ("r1", "附议 99", "没有找到 #99*"),
        ("c3", "接单 2", "#2 是积木，「接单」要带诉求的号码*"),
        ("c3", "完成 1 2 弄好了", "#2 是积木，「完成」要带诉求的号码*"),
        ("r1", "附议 5", "#5 是皮球，用不上「附议」*"),
        ("sec", "合并 1 2", "#2 是积木，「合并」要带诉求的号码*"),
        ("sec", "合并 2 1", "#1 是诉求，「合并」要带积木的号码*"),
        ("sec", "合并 2 3", "*#2「积木」*"),
        ("g1", "同意挂账 2", "#2 是积木，「同意挂账」要带诉求的号码*"),
        ("r3", "不是同一件 2", "#2 是积木，「不是同一件」要带诉求的号码*"),
        ("r3", "好了 2", "#2 是积木，「好了」要带诉求的号码*"),
        # What one may not see is as unknown as nothing at all.
        ("r1", "评价 4 5", "没有找到 #4*"),
        ("sec", "评价 4 5", "#4 是积木，「评价」要带诉求的号码*"),
    ],
)
async def test_a_number_is_of_a_kind(play: Play, who: str, words: str, answer: str) -> None:
    said = await play.say(who, words)
    assert said, words
    assert fnmatchcase(said[0], answer), said


async def test_a_private_issue_stays_unknown_to_a_verb_of_another_kind(play: Play) -> None:
    assert "#6" in (await play.say("r3", "匿名反映 3栋2单元501天天半夜装修太吵"))[0]
    assert (await play.say("r1", "公示 6"))[0].startswith("没有找到 #6")
    assert (await play.say("r3", "公示 6"))[0].startswith("#6 是诉求，「公示」要带积木的号码")


async def test_a_number_of_another_community_is_unknown(play: Play) -> None:
    def elsewhere(session: Session) -> list[int]:
        session.add(Community(id=2, street_id=1, name="双桥社区"))
        things = [number(session, 2, "ball") for _ in range(8)]
        session.add_all(things)
        return [thing.number for thing in things]

    assert await play.bot.database.turn(elsewhere) == list(range(1, 9))
    assert (await play.say("r1", "附议 8"))[0].startswith("没有找到 #8")


async def test_words_that_quote_a_thing_of_another_kind_do_nothing_to_issues(play: Play) -> None:
    await play.say("c3", "完成 1 补好了")
    toy = await play.quotable("r3", "附议 2")
    assert (await play.say("c3", "接单 2"))[0].startswith("#2 是积木")
    for words in ("那个漏水还是不行", "有消息没", "我家也是", "修好了，谢谢师傅"):
        assert not any("#1" in said for said in await play.say("r3", words, quote=toy)), words
    assert (await play.say("r3", "已解决", quote=toy))[0].startswith("#2 是积木，「已解决」要带诉求的号码")
    # Without the quote they mean the only one it can be.
    assert any("#1" in said for said in await play.say("r3", "那个漏水还是不行"))


async def test_the_short_address_leads_to_the_page_of_the_kind(play: Play) -> None:
    application = app.application(play.bot)
    application.cleanup_ctx.clear()  # the town is open already
    here = f"/c/{quote('金康园社区')}"
    async with TestClient(TestServer(application)) as client:
        for path, leads in (("1", "issues/1"), ("2", "toys/2"), ("5", "balls/5")):
            answer = await client.get(f"{here}/n/{path}", allow_redirects=False)
            assert (answer.status, answer.headers["Location"]) == (302, f"{here}/{leads}")
        for path in (
            f"{here}/n/99",
            f"/c/{quote('双桥社区')}/n/1",
            f"{here}/issues/2",
            f"{here}/issues/2.json",
        ):
            assert (await client.get(path, allow_redirects=False)).status == 404
