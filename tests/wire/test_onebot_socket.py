"""A OneBot implementation played over a real WebSocket on loopback."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from nonebot.adapters.onebot.v11 import Message
from pydantic import SecretStr, TypeAdapter
from structlog.testing import capture_logs

from bot.channels.onebot.channel import MAX_FRAME, OneBot, OneBotSettings
from bot.channels.protocols import Undeliverable
from bot.storage.photos import NotAPhoto
from bot.turns.message import Inbound
from bot.turns.texts import Texts

TOKEN = "a-token-of-enough-length"
PATH = "/onebot/v11/ws"


class House:
    client: aiohttp.ClientSession
    server: Any

    def __init__(self) -> None:
        self.heard: asyncio.Queue[Inbound] = asyncio.Queue()
        self.channel = OneBot(OneBotSettings(access_token=SecretStr(TOKEN)), self.heard.put, Texts())

    def headers(self, token: Any = TOKEN, role: Any = "Universal") -> Any:
        return {"Authorization": f"Bearer {token}", "X-Self-ID": "10001", "X-Client-Role": role}

    def connect(self, **headers: Any) -> Any:
        return self.client.ws_connect(self.server.make_url(PATH), headers=self.headers(**headers))

    async def says(self, socket: Any, words: Any, number: Any = 1, user: Any = 777) -> None:
        message = [{"type": "text", "data": {"text": words}}]
        event = {
            "post_type": "message",
            "message_type": "private",
            "self_id": 10001,
            "user_id": user,
            "message_id": number,
            "message": message,
        }
        await socket.send_json(event)

    async def hears(self) -> Any:
        async with asyncio.timeout(5):
            return await self.heard.get()


@pytest.fixture
async def house() -> AsyncIterator[House]:
    house = House()
    app = web.Application()

    async def picture(request: Any) -> Any:
        return web.Response(body=b"x" * int(request.query["size"]))

    app.router.add_get("/picture", picture)
    house.channel.mount(app)
    async with TestServer(app) as house.server, aiohttp.ClientSession() as house.client:
        yield house


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer wrong"}, 403),
        ({"Authorization": "Bearer 令牌"}, 403),
        ({"Authorization": f"Bearer {TOKEN}"}, 400),
    ],
)
async def test_handshake_refused(house: House, headers: Any, status: Any) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await house.client.ws_connect(house.server.make_url(PATH), headers=headers)
    assert refused.value.status == status
    assert not house.channel._links


async def test_token_in_the_query(house: House) -> None:
    async with house.client.ws_connect(
        house.server.make_url(PATH).with_query(access_token=TOKEN), headers={"X-Self-ID": "10001"}
    ) as socket:
        await house.says(socket, "甲")
        assert (await house.hears()).text == "甲"


async def test_garbage_is_skipped_and_nothing_said_is_logged(house: House) -> None:
    with capture_logs() as logs:
        async with house.connect() as socket:
            for frame in (
                "{秘密",
                "[1]",
                '"秘密"',
                "[" * 90_000,
                '{"post_type": "message", "message_type": "private", "user_id": 1, "message": "秘密"}',
                '{"post_type": 1}',
                '{"echo": {"秘密": 1}}',
                '{"echo": []}',
                "{}",
            ):
                await socket.send_str(frame)
            await socket.send_bytes(b"\xff\xfe")
            await house.says(socket, "还在")
            assert (await house.hears()).text == "还在"
    assert any(entry["event"] == "frame skipped" for entry in logs)
    assert "秘密" not in repr(logs)
    assert "还在" not in repr(logs)


async def test_a_huge_frame_closes_the_socket_and_a_new_one_works(house: House) -> None:
    async with house.connect() as socket:
        await socket.send_str("x" * (MAX_FRAME + 1))
        closed = await socket.receive(5)
        assert closed.type in {aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR}
        assert socket.close_code in {1009, 1006}
    async with house.connect() as socket:
        await house.says(socket, "好了")
        assert (await house.hears()).text == "好了"


async def answer(socket: Any, **result: Any) -> Any:
    call = await socket.receive_json(timeout=5)
    await socket.send_json({**result, "echo": call["echo"]})
    return call


BODY = {
    "text": "收到 [CQ:at,qq=all] &",
    "buttons": [{"label": "接单", "send": "接单 17"}],
    "links": ["http://h/17"],
    "images": ["http://h/p.png", "data:image/png;base64,aGk="],
}


async def test_sending_and_receipts(house: House) -> None:
    async with house.connect() as socket:
        sending = asyncio.create_task(house.channel.send("555", BODY, "1"))
        for other in ({"n": 1}, 7, None, ["x"]):
            await socket.send_json({"status": "ok", "retcode": 0, "data": {"message_id": 0}, "echo": other})
        call = await answer(socket, status="ok", retcode=0, data={"message_id": -5})
        assert await sending == "-5"
        assert call["action"] == "send_group_msg"
        assert call["params"]["group_id"] == 555
        message = TypeAdapter(Message).validate_python(call["params"]["message"])
        assert [s.type for s in message] == ["text", "image", "image"]
        assert message.extract_plain_text() == "收到 [CQ:at,qq=all] &\n接单，回复：接单 17\nhttp://h/17"
        assert message[2].data["file"] == "base64://aGk="
        sending = asyncio.create_task(house.channel.send("dm:777", BODY, "2"))
        call = await answer(socket, status="async", retcode=1, data=None)
        assert await sending is None
        assert (call["action"], call["params"]["user_id"]) == ("send_private_msg", 777)


@pytest.mark.parametrize(
    ("result", "final"),
    [
        ({"retcode": 1404}, True),
        ({"retcode": 100, "message": "bad"}, True),
        ({"retcode": 100, "message": "SEND_MSG_API_ERROR"}, False),
        ({"retcode": 1200}, False),
        ({"retcode": {"?": 1}}, False),
    ],
)
async def test_failures(house: House, result: Any, final: Any) -> None:
    async with house.connect() as socket:
        sending = asyncio.create_task(house.channel.send("555", BODY, "1"))
        await answer(socket, status="failed", data=None, **result)
        with pytest.raises(Undeliverable) as failed:
            await sending
        assert failed.value.final is final


async def test_addresses_and_no_connection(house: House) -> None:
    with pytest.raises(Undeliverable) as failed:
        await house.channel.send("555", BODY, "1")
    assert not failed.value.final
    with pytest.raises(Undeliverable) as failed:
        await house.channel.send("dm:anonymous:3", BODY, "1")
    assert failed.value.final


async def test_a_reconnect_replaces_the_old_socket(house: House) -> None:
    async with house.connect() as old, contextlib.AsyncExitStack() as stack:
        await house.says(old, "甲")
        await house.hears()
        sending = asyncio.create_task(house.channel.send("555", BODY, "1"))
        await old.receive_json(timeout=5)
        new = await stack.enter_async_context(house.connect())
        with pytest.raises(Undeliverable) as failed:
            await sending
        assert not failed.value.final
        assert (await old.receive(5)).type is aiohttp.WSMsgType.CLOSE
        sending = asyncio.create_task(house.channel.send("555", BODY, "2"))
        await answer(new, status="ok", retcode=0, data={"message_id": 6})
        assert await sending == "6"


async def test_calls_go_to_the_api_socket_of_a_pair(house: House) -> None:
    async with house.connect(role="API") as api, house.connect(role="Event") as events:
        await house.says(events, "甲")
        await house.hears()
        sending = asyncio.create_task(house.channel.send("555", BODY, "1"))
        await answer(api, status="ok", retcode=0, data={"message_id": 7})
        assert await sending == "7"


async def test_order_is_kept_and_a_slow_event_does_not_hold_up_answers(house: House) -> None:
    async with house.connect() as socket:
        for n in range(200):
            await house.says(socket, str(n), n)
        assert [(await house.hears()).text for _ in range(200)] == [str(n) for n in range(200)]
        gate = asyncio.Event()
        house.channel._receive = lambda inbound: gate.wait()
        await house.says(socket, "慢")
        sending = asyncio.create_task(house.channel.send("555", BODY, "1"))
        await answer(socket, status="ok", retcode=0, data={"message_id": 8})
        assert await sending == "8"
        gate.set()


async def test_a_failing_hub_does_not_close_the_socket_nor_log_words(house: House) -> None:
    failed = asyncio.Event()

    async def broken(inbound: Any) -> None:
        failed.set()
        raise ValueError(inbound.text)

    async with house.connect() as socket:
        receive, house.channel._receive = house.channel._receive, broken
        with capture_logs() as logs:
            await house.says(socket, "秘密")
            async with asyncio.timeout(5):
                await failed.wait()
            await asyncio.gather(*house.channel._tasks)
        house.channel._receive = receive
        assert [entry["event"] for entry in logs] == ["event failed"]
        assert "秘密" not in repr(logs)
        await house.says(socket, "甲")
        assert (await house.hears()).text == "甲"


async def test_pictures(house: House) -> None:
    url = str(house.server.make_url("/picture"))
    assert await house.channel.fetch(f"{url}?size=3") == b"xxx"
    for bad in (
        f"{url}?size={10 * 1024 * 1024 + 1}",
        f"{url}-gone",
        "file:///etc/passwd",
        "http://[",
        "http://127.0.0.1:1/",
    ):
        with pytest.raises(NotAPhoto):
            await house.channel.fetch(bad)
