"""Any JSON, and anything that is none, posted to the sandbox: 200, 404 or 422 with a reason, never a 500; the
same id, the same bytes."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.channels.sandbox import Sandbox
from tests.town import town

Client = TestClient[web.Request, web.Application]
OPENED: list[tuple[asyncio.Runner, Client]] = []
COUNT = itertools.count(1)
QUICK = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
WORDS = st.sampled_from(
    [
        "3栋电梯坏了没人管",
        "早上好",
        "接单 1",
        "完成 1 好了",
        "",
        "进度",
        "#",
        "\u0000",
        "我的任务",
        "3栋2单元",
    ]
) | st.text(max_size=40)
#: Mostly right, so that something happens; one field in a few is anything.
BODY = st.fixed_dictionaries(
    {
        "chat": st.sampled_from(["g", "g3", "dm:r3", "dm:c3", "nowhere", "dm:nobody", ""]) | ANYTHING,
        "sender": st.sampled_from(["r3", "c3", "nobody", ""]) | ANYTHING,
        "text": WORDS | ANYTHING,
    },
    optional={
        "id": st.uuids().map(str) | ANYTHING,
        "mention": st.booleans() | ANYTHING,
        "quote": st.text(max_size=20) | ANYTHING,
        "images": st.lists(
            st.sampled_from(
                [
                    "data:image/png;base64,AAAA",
                    "data:,x",
                    "http://example.org/a.png",
                    "data:image/jpeg;base64,%%%",
                ]
            ),
            max_size=10,
        )
        | ANYTHING,
        "media": st.sampled_from(["voice", "video", "smell"]) | ANYTHING,
        "surplus": ANYTHING,
    },
)


@pytest.fixture(scope="module", autouse=True)
def served() -> Iterator[None]:
    """One town behind the real routes of the channel."""

    async def start(stack: AsyncExitStack, home: Path) -> Client:
        bot = await stack.enter_async_context(town(home))
        app = web.Application()
        channel = bot.channels["sandbox"]
        assert isinstance(channel, Sandbox)
        channel.mount(app)
        return await stack.enter_async_context(TestClient(TestServer(app)))

    with TemporaryDirectory() as folder, asyncio.Runner() as runner:
        stack = AsyncExitStack()
        OPENED.append((runner, runner.run(start(stack, Path(folder)))))
        yield
        OPENED.clear()
        runner.run(stack.aclose())


def call(method: str, path: str, content: bytes | None = None) -> tuple[int, bytes]:
    """One request; its status and body."""
    runner, client = OPENED[0]

    async def go() -> tuple[int, bytes]:
        async with client.request(method, path, data=content) as answer:
            return answer.status, await answer.read()

    return runner.run(go())


def judged(status: int, content: bytes, ok: str) -> Any:
    """The answer's JSON, after it was found to be one of the three kinds."""
    assert status in (200, 404, 422), (status, content)
    answer = json.loads(content)
    if status == 200:
        assert ok in answer
    else:
        assert set(answer) == {"error"}
        assert answer["error"]
        assert "\n" not in answer["error"]
    return answer


@given(BODY)
@QUICK
def test_any_message(body: dict[str, Any]) -> None:
    answer = judged(*call("POST", "/sandbox/messages", json.dumps(body).encode()), ok="replies")
    for message in answer.get("replies", ()):
        assert set(message) == {"id", "seq", "chat", "sender", "text", "buttons", "images", "links", "at"}
        assert message["sender"] == "bot"


@given(ANYTHING, st.sampled_from(["messages", "recall", "clock"]))
@QUICK
def test_any_json(body: Any, where: str) -> None:
    status, content = call("POST", f"/sandbox/{where}", json.dumps(body).encode())
    assert status == 422
    judged(status, content, ok="")


@given(st.binary(max_size=200), st.sampled_from(["messages", "recall", "clock"]))
@QUICK
def test_any_bytes(content: bytes, where: str) -> None:
    assert call("POST", f"/sandbox/{where}", content)[0] == 422


@given(
    st.text(max_size=20) | st.sampled_from(["PT0S", "P1W", "-PT1H", "P401D", "PT1.5H", "P1Y", "1 hour", "PT"])
)
@settings(QUICK, max_examples=40)
def test_any_span(words: str) -> None:
    judged(*call("POST", "/sandbox/clock", json.dumps({"advance": words}).encode()), ok="now")


@given(
    st.sampled_from(["g", "g3", "dm:r3", "nowhere"]),
    st.text(max_size=12).filter(lambda text: text.isprintable()) | st.integers().map(str),
)
@QUICK
def test_any_place_in_a_chat(chat: str, after: str) -> None:
    from urllib.parse import quote

    judged(
        *call("GET", f"/sandbox/chats/{quote(chat, safe='')}/messages?after={quote(after, safe='')}"),
        ok="messages",
    )


@given(st.sampled_from(["r3", "r1", "c3"]), WORDS, st.sampled_from(["g", "dm"]), st.booleans())
@QUICK
def test_the_same_id_is_answered_alike(who: str, text: str, where: str, mention: bool) -> None:
    body = {
        "id": f"twice{next(COUNT)}",
        "chat": f"dm:{who}" if where == "dm" else "g",
        "sender": who,
        "text": text,
        "mention": mention,
    }
    content = json.dumps(body).encode()
    first, second = call("POST", "/sandbox/messages", content), call("POST", "/sandbox/messages", content)
    assert first == second
    judged(*first, ok="replies")
