"""Chatter reaches no disk and no log; no phone number and no resident's full name reaches a log or a public
page (promises 1 and 8).

The real process serves the demo community; what it leaves behind is searched byte by byte.
"""

from __future__ import annotations

import json
import random
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest

from bot.language.normalise import fold
from tests.crash.serving import Serving

pytestmark = pytest.mark.crash

NOW = "2026-11-23T10:00:00+08:00"
#: Rare letters of which no sentence of ours is made.
RARE = "龘靐齉爩灪籱厵骉羴猋犇毳焱淼鑫垚晶磊森矗蠢飍"
CHATTER = (
    "晚上一起吃火锅吧，{mark}", "谁家的猫叫{mark}呀，好可爱", "收到，谢谢{mark}", "{mark}今天过生日，祝贺祝贺[蛋糕]", "哈哈哈哈{mark}", "团购{mark}的接龙在哪里看",
    "有人一起拼车去机场吗，联系{phone}", "我们单元的{name}真热心，{mark}", "昨天电梯修好了，谢谢{mark}师傅", "以前漏水的那家早就好了，{mark}",
)  # fmt: skip
PHONE, PHONE_2 = "13987654321", "13712340987"
SECRET = "kept-secret-address-of-a-follow-page"


def forms(words: str) -> list[bytes]:
    """Every way in which a text may lie in a file."""
    escaped = json.dumps(words)[1:-1]
    return [
        words.encode(),
        escaped.encode(),
        escaped.upper().replace("\\U", "\\u").encode(),
        words.encode("utf-16-le"),
        words.encode("gb18030"),
        quote(words).encode(),
    ]


def holding(folder: Path, words: str) -> list[str]:
    """The files below `folder` that hold `words`."""
    return [
        str(file)
        for file in folder.rglob("*")
        if file.is_file() and any(form in file.read_bytes() for form in forms(words))
    ]


class Neighbours:
    """Says things on the sandbox and remembers what was none of the bot's business."""

    def __init__(self, web: aiohttp.ClientSession, url: str) -> None:
        self.web, self.url = web, url

    async def say(self, sender: str, text: str, *, chat: str = "g-all", **more: Any) -> list[dict[str, Any]]:
        async with self.web.post(
            f"{self.url}/sandbox/messages", json={"chat": chat, "sender": sender, "text": text, **more}
        ) as answer:
            assert answer.status == 200, await answer.text()
            replies: list[dict[str, Any]] = (await answer.json())["replies"]
            return replies

    async def read(self, path: str) -> tuple[int, str]:
        async with self.web.get(f"{self.url}{path}") as answer:
            return answer.status, await answer.text()


def people(database: Path) -> tuple[list[tuple[str, str]], set[str]]:
    """Residents without a post as (key, name), and the names long enough to be nobody else's word."""
    query = "SELECT key, name FROM people WHERE household_id IS NOT NULL AND id NOT IN (SELECT person_id FROM posts) ORDER BY id"
    with closing(sqlite3.connect(database)) as connection:
        residents = connection.execute(query).fetchall()
    return residents, {name for _, name in residents if len(name) > 2}


def rename(database: Path, table: str, to: str) -> None:
    """Break the database under the running process: a real failure in the middle of a turn."""
    with closing(sqlite3.connect(database, timeout=30)) as connection:
        connection.execute("PRAGMA legacy_alter_table=ON")
        connection.execute(f"ALTER TABLE {table} RENAME TO {to}")


def pages(text: str) -> Iterator[str]:
    """The addresses on a page of ours."""
    return (
        found
        for found in re.findall(r'href="(/[^"#]*)"', text)
        if not found.startswith(("/static", "/sandbox"))
    )


async def test_what_is_not_for_the_bot_leaves_nothing_and_what_is_personal_reaches_no_log_or_page(
    tmp_path: Path,
) -> None:
    home = tmp_path / "home"
    database = home / "yishiting.db"
    server = Serving(home, YISHITING_SANDBOX_NOW=NOW)
    await server.start()
    chance, chatter = random.Random(7), []
    try:
        residents, names = people(database)
        (reporter, full_name), (other, _) = next(r for r in residents if len(r[1]) > 2), residents[-1]
        async with aiohttp.ClientSession() as web:
            town = Neighbours(web, server.url)
            wanted = [
                await town.say(
                    reporter, f"3栋2单元501天花板漏水，我是{full_name}，电话{PHONE}", id="r1", mention=True
                )
            ]
            for place in range(400):
                mark = "".join(chance.sample(RARE, 5))
                text = CHATTER[place % len(CHATTER)].format(mark=mark, phone=PHONE_2, name=mark)
                # Among them the reporter within two minutes of the report, when the bot listens more closely.
                sender = reporter if place % 40 == 3 else residents[place % len(residents)][0]
                if not await town.say(sender, text, id=f"c{place}-{mark}" if place % 3 else None):
                    chatter.append(mark if "{mark}" in CHATTER[place % len(CHATTER)] else PHONE_2)
            assert len(chatter) > 350, "most of it should have been chatter"
            wanted.append(await town.say(other, "接单 1", id="refused"))
            wanted.append(await town.say(other, f"18栋1单元停电了，联系{PHONE}，{full_name}", id="r2"))
            wanted.append(await town.say(reporter, "附议 999", id="refused-too"))
            assert all(wanted)
            async with web.post(
                f"{server.url}/sandbox/messages", data=f'{{"text": "{chatter[0]} {PHONE}"'.encode()
            ) as answer:
                assert answer.status == 422
            assert (await town.read(f"/t/{SECRET}"))[0] == 404
            assert all(not holding(home, mark) for mark in chatter), "chatter on the disk while running"

            # Every page that anybody can reach.
            seen: set[str] = set()
            queue = ["/", "/c/" + quote("金康社区")]
            while queue and len(seen) < 60:
                path = queue.pop()
                if path in seen:
                    continue
                seen.add(path)
                _, text = await town.read(path)
                queue += [found for found in pages(text) if found not in seen]
                queue += [f"{path}.json"] if re.fullmatch(r".*/(issues|notices)/\d+", path) else []
                for personal in (PHONE, PHONE_2, *names):
                    assert personal not in text, f"{path} shows {personal}"
                assert "天花板漏水，我是" not in text
            assert any("/issues/" in path for path in seen), seen

            # Failures in the middle of a turn, of a page, and of the clock.
            rename(database, "assignments", "lost_assignments")
            hurt = "垚晶磊淼鑫"
            said = f"7栋1单元下水道堵了，{hurt}，{full_name}，{PHONE}"
            body = {"chat": "g-all", "sender": other, "text": said, "id": f"断{hurt}"}
            async with web.post(f"{server.url}/sandbox/messages", json=body) as answer:
                assert answer.status == 503
                assert (await answer.json())["error"], "somebody who reports gets an answer even then"
            rename(database, "issues", "lost_issues")
            assert (await town.read("/c/" + quote("金康社区")))[0] in (404, 500)
            async with web.post(f"{server.url}/sandbox/clock", json={"advance": "PT3H"}) as answer:
                assert answer.status in (200, 500)
            rename(database, "lost_issues", "issues")
            rename(database, "lost_assignments", "assignments")
        assert await server.stop() == 0
    finally:
        if server.process is not None and server.process.returncode is None:
            await server.kill()
    log = server.log.read_bytes()
    assert b"turn failed" in log, "the failure should have been logged"
    for mark in {*chatter, hurt, PHONE, PHONE_2, SECRET, "天花板漏水", "下水道堵了", *names}:
        assert not any(form in log for form in forms(mark)), f"{mark} in the log"
    left = {mark: found for mark in set(chatter) if (found := holding(home, mark))}
    assert not left, "chatter on the disk"


def test_the_search_finds_both_forms(tmp_path: Path) -> None:
    """A search that finds nothing proves nothing unless it can find."""
    assert fold(RARE) == RARE, "what is stored is folded first"
    for place, form in enumerate(forms("火锅龘靐")):
        (tmp_path / f"{place}").write_bytes(b"x" + form + b"y")
    assert len(holding(tmp_path, "火锅龘靐")) == len(forms("火锅龘靐"))
