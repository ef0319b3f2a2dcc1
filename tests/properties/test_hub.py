"""Anybody says anything about an issue, in any order, while the clock moves: the whole bot keeps its rows in
order."""

from __future__ import annotations

import asyncio
import itertools
import re
from collections.abc import Iterator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.app import Yishiting
from bot.turns.message import Inbound, Sent
from models.issues.rules import Status
from models.issues.tables import Issue
from models.things.tables import Thing
from tests.properties.invariants import broken, may_follow
from tests.town import town

#: Who may try what; `{n}` is the issue, `{o}` another one.
ATTEMPTS = (
    *(
        (who, f"{verb} {{n}}{rest}")
        for who in ("c3", "c3b", "prop", "g1", "sec", "dept-a", "r3")
        for verb, rest in (("接单", ""), ("完成", " 修好了"), ("退回", " 不归我管"))
    ),
    *(
        (who, "转派 {n} " + whom)
        for who in ("c3", "prop", "g1")
        for whom in ("物业", "网格员", "楼栋长", "城管中队")
    ),
    *(
        (who, text)
        for who in ("r3", "r5", "c3")
        for text in ("没修好 {n} 还在漏", "已解决 {n}", "附议 {n}", "撤回 {n}", "评价 {n} 5 好", "进度 {n}")
    ),
    *(
        ("street", text)
        for text in ("吹哨 {n} 城管中队 消防大队", "接单 {n}", "不受理 {n} 属于市政", "改类 {n} 噪声")
    ),
    *((who, text) for who in ("dept-a", "dept-b") for text in ("报到 {n}", "完成 {n} 修好了")),
    *((who, "挂账 {n} 到12月20日 等配件") for who in ("c3", "prop", "dept-a")),
    *(
        (who, text)
        for who in ("g1", "sec", "street")
        for text in (
            "同意挂账 {n}",
            "不同意挂账 {n}",
            "不是诉求 {n}",
            "隐藏 {n}",
            "合并 {n} {o}",
            "已上门 {n} 看过了",
        )
    ),
)
HOURS = st.integers(1, 100).map(lambda n: ("", f"{n}"))
PLAY: list[tuple[asyncio.Runner, Yishiting]] = []
COUNT = itertools.count(1)


@pytest.fixture(scope="module", autouse=True)
def played() -> Iterator[None]:
    """One town for all examples; each opens issues of its own."""
    with TemporaryDirectory() as folder, asyncio.Runner() as runner:
        stack = AsyncExitStack()
        bot = runner.run(stack.enter_async_context(town(Path(folder))))
        PLAY.append((runner, bot))
        yield
        PLAY.clear()
        runner.run(stack.aclose())


def say(who: str, text: str, *, chat: str | None = None) -> list[Sent]:
    """One message through the hub; raises `Failed` should a turn fail."""
    runner, bot = PLAY[0]
    return runner.run(
        bot.hub.receive(
            Inbound(
                channel="sandbox",
                chat=chat or f"dm:{who}",
                sender=who,
                text=text,
                message_id=f"h{next(COUNT)}",
            )
        )
    )


def report() -> int:
    """A new issue of its own flat; its number."""
    said = say("r3", f"3栋2单元{1000 + next(COUNT)}室厨房下水道堵了，污水往外冒", chat="g3")
    found = [re.search(r"#(\d+)", message.body["text"]) for message in said if message.address == "g3"]
    assert found
    assert found[0], said
    return int(found[0][1])


def look(numbers: tuple[int, int]) -> dict[int, tuple[Status, list[str]]]:
    """How the issues stand and what is wrong with their rows."""
    runner, bot = PLAY[0]

    def read(session: Session) -> dict[int, tuple[Status, list[str]]]:
        rows = session.scalars(select(Issue).join(Issue.thing).where(Thing.number.in_(numbers)))
        return {row.number: (row.status, broken(session, row)) for row in rows}

    return runner.run(bot.database.read(read))


@given(st.lists(st.one_of(st.sampled_from(ATTEMPTS), HOURS), min_size=3, max_size=12))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_conversation_leaves_the_rows_in_order(attempts: list[tuple[str, str]]) -> None:
    runner, bot = PLAY[0]
    numbers = (report(), report())
    was = dict.fromkeys(numbers, Status.OPEN)
    for who, text in attempts:
        if not who:
            runner.run(bot.duties.advance(timedelta(hours=int(text))))
        else:
            say(who, text.format(n=numbers[0], o=numbers[1]))
        for number, (status, wrong) in look(numbers).items():
            assert not wrong, f"#{number} after {who} {text}: {wrong}"
            assert may_follow(was[number], status), f"#{number}: {was[number]} → {status} after {who} {text}"
            was[number] = status
    assert set(was) == set(look(numbers))


@given(st.text(max_size=60), st.sampled_from(["r1", "c3", "sec", "street"]))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_text_is_answered_or_passed_over(text: str, who: str) -> None:
    for message in say(who, text):
        assert message.body["text"].strip()
        assert not re.search("错误|无效|格式", message.body["text"].replace(text.strip() or "\0", ""))
