"""Messages that come while nothing can be written: whoever brought one is answered, nothing is left, and the
same message works as soon as there is room again."""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from aiohttp import ClientWebSocketResponse, web
from aiohttp.test_utils import TestClient, TestServer
from PIL import Image
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session
from structlog.testing import capture_logs

from bot import app
from bot.app import Yishiting
from bot.channels.onebot.channel import OneBotSettings
from bot.operations.configuration import Installation
from bot.storage.migrate import upgrade
from models.issues.tables import Issue
from models.messages.tables import Inbox, Outbox
from models.people.tables import Chat
from tests.faults.surroundings import locked
from tests.town import StillClock, people

TOKEN = "a-token-of-enough-length"
SOON = 20.0
WORDS = "3栋2单元501天花板漏水了"
#: Needs pages of its own.
LONG = WORDS + "，水一直往下滴" * 900


class House:
    """The whole bot behind its own routes, on the small community."""

    def __init__(
        self,
        bot: Yishiting,
        client: TestClient[web.Request, web.Application],
        file: Path,
        logs: list[MutableMapping[str, Any]],
    ) -> None:
        self.bot, self.client, self.file, self.logs = bot, client, file, logs
        self.sorry = bot.texts.text("help/sorry")

    async def say(self, message_id: str, words: str = WORDS, **more: Any) -> tuple[int, dict[str, Any]]:
        body = {"id": message_id, "chat": "g3", "sender": "r3", "text": words, **more}
        answer = await self.client.post("/sandbox/messages", json=body)
        return answer.status, await answer.json()

    async def health(self) -> tuple[int, str]:
        answer = await self.client.get("/healthz")
        return answer.status, (await answer.json())["database"]

    async def rows(self) -> tuple[int, ...]:
        def count(session: Session) -> tuple[int, ...]:
            return tuple(
                session.scalar(select(func.count()).select_from(kind)) or 0 for kind in (Inbox, Outbox, Issue)
            )

        return await self.bot.database.read(count)

    async def tell_writer(self, pragma: str) -> None:
        await self.bot.database.turn(lambda session: session.execute(text(f"PRAGMA {pragma}")))


@asynccontextmanager
async def opened(home: Path) -> AsyncIterator[House]:
    onebot = {"onebot": {"access_token": TOKEN}}
    chosen = Installation.model_validate({"home": home, "sandbox": True, "database": "", **onebot})
    upgrade(chosen)
    bot = app.build(chosen, clock=StillClock())
    bot.database.look_every = 0.0

    def furnish(session: Session) -> None:
        people(session)
        session.add(Chat(id=9, channel="onebot", key="777", name="大群", community_id=1, estate_id=1))

    # Unconfigured, structlog would draw every failure with all its variables.
    with capture_logs() as logs:
        async with asyncio.timeout(3 * SOON), TestClient(TestServer(app.application(bot))) as client:
            await bot.database.turn(furnish)
            await bot.hub.load()
            house = House(bot, client, home / "yishiting.db", logs)
            await house.tell_writer("busy_timeout=200")
            yield house


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with opened(tmp_path) as made:
        yield made


def photo() -> str:
    out = BytesIO()
    Image.new("RGB", (60, 60), "gray").save(out, "JPEG")
    return "data:image/jpeg;base64," + base64.b64encode(out.getvalue()).decode()


def photos(home: Path) -> list[Path]:
    return [file for file in (home / "photos").rglob("*") if file.is_file()]


async def test_the_sandbox_while_another_process_holds_the_lock(house: House, tmp_path: Path) -> None:
    assert await house.health() == (200, "ok")
    before = await house.rows()
    with locked(house.file):
        status, answer = await house.say("m1", images=[photo()])
        assert (status, answer) == (503, {"error": house.sorry})
        assert await house.health() == (503, "unwritable")
        assert await house.say("c1", "早上好", sender="r1") == (200, {"replies": []}), (
            "talk needs no database"
        )
    assert await house.rows() == before, "an apology is no row"
    assert not photos(tmp_path)
    failed = [entry for entry in house.logs if entry["event"] == "turn failed"]
    assert len(failed) == 1
    assert failed[0]["exc_info"]

    status, answer = await house.say("m1", images=[photo()])
    assert status == 200
    assert "#1" in answer["replies"][0]["text"]
    assert await house.health() == (200, "ok")
    assert await house.say("m1", images=[photo()]) == (200, answer), "and then it is answered as ever"
    assert len(photos(tmp_path)) == 1


async def test_the_sandbox_on_a_full_disk(house: House) -> None:
    pages = await house.bot.database.read(lambda session: session.scalar(text("PRAGMA page_count")))
    await house.tell_writer(f"max_page_count={pages + 1}")
    said = {f"m{n}": (f"{n % 5 + 1}栋1单元{n}01漏水，{LONG}", f"r{n % 5 + 1}") for n in range(20)}

    async def all_of_it() -> dict[str, tuple[int, dict[str, Any]]]:
        came = await asyncio.gather(*(house.say(m, words, sender=who) for m, (words, who) in said.items()))
        return dict(zip(said, came, strict=True))

    came = await all_of_it()
    kept = {m: answer for m, answer in came.items() if answer[0] == 200}
    assert len(kept) < 10, "a few may still find room"
    assert all(answer == (503, {"error": house.sorry}) for m, answer in came.items() if m not in kept)
    assert await house.health() == (503, "unwritable")
    heard, _, issues = await house.rows()
    assert heard == issues == len(kept)

    await house.tell_writer("max_page_count=1073741823")
    again = await all_of_it()
    assert {status for status, _ in again.values()} == {200}
    assert {m: again[m] for m in kept} == kept, "done once, answered twice"
    heard, _, issues = await house.rows()
    assert heard == issues == len(said)
    assert await house.health() == (200, "ok")


async def test_taking_back_while_nothing_can_be_written(house: House) -> None:
    assert (await house.say("m1"))[0] == 200
    with locked(house.file):
        answer = await house.client.post("/sandbox/recall", json={"chat": "g3", "sender": "r3", "id": "m1"})
        assert (answer.status, await answer.json()) == (503, {"error": house.sorry})


async def test_the_gate_keeps_the_words_on_the_page(house: House) -> None:
    path = f"/r/{quote('金康园社区')}"

    async def nonce() -> str:
        found = re.search(r'name="m" value="([^"]+)"', await (await house.client.get(path)).text())
        assert found
        return found[1]

    form = {"m": await nonce(), "text": WORDS}
    before = await house.rows()
    with locked(house.file):
        answer = await house.client.post(path, data=form, allow_redirects=False)
        page = await answer.text()
    assert answer.status == 503
    assert house.sorry in page
    assert WORDS in page
    assert await house.rows() == before
    answer = await house.client.post(path, data=form, allow_redirects=False)
    assert answer.status == 303
    mine = answer.headers["Location"]

    found = re.search(r'name="m" value="([^"]+)"', await (await house.client.get(mine)).text())
    assert found
    with locked(house.file):
        answer = await house.client.post(mine, data={"m": found[1], "do": "say", "text": "水更大了"})
        assert answer.status == 503
        assert house.sorry in await answer.text()


def event(message_id: int, words: str) -> dict[str, Any]:
    return {
        "post_type": "message",
        "message_type": "group",
        "sub_type": "normal",
        "self_id": 10001,
        "group_id": 777,
        "user_id": 42,
        "message_id": message_id,
        "message": [{"type": "text", "data": {"text": words}}],
    }


async def call(socket: ClientWebSocketResponse) -> dict[str, Any]:
    """The next thing the bot wants done, granted."""
    asked: dict[str, Any] = await socket.receive_json()
    await socket.send_json({"status": "ok", "retcode": 0, "data": {"message_id": 5}, "echo": asked["echo"]})
    return asked


async def test_a_platform_gets_the_apology_at_once_and_may_send_the_message_again(house: House) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}", "X-Self-ID": "10001"}
    settings = house.bot.settings.section(OneBotSettings)
    async with house.client.ws_connect(settings.path, headers=headers) as socket:
        before = await house.rows()
        with locked(house.file):
            await socket.send_json(event(1, WORDS))
            asked = await call(socket)
            assert (asked["action"], asked["params"]["user_id"]) == ("send_private_msg", 42)
            assert asked["params"]["message"][0]["data"]["text"] == house.sorry
        assert await house.rows() == before
        await socket.send_json(event(1, WORDS))
        asked = await call(socket)
        assert (asked["action"], asked["params"]["group_id"]) == ("send_group_msg", 777)
        assert "#1" in asked["params"]["message"][0]["data"]["text"]


async def test_an_apology_that_cannot_be_sent_harms_nobody(house: House) -> None:
    with locked(house.file):
        from bot.turns.message import Inbound

        away = Inbound(channel="onebot", chat="777", sender="42", text=WORDS, message_id="1")
        assert await house.bot.hub.receive(away) == []
    warned = [entry["event"] for entry in house.logs if entry["log_level"] == "warning"]
    assert warned == ["apology not sent"]
    assert await house.bot.hub.receive(away)
