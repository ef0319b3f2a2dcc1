"""kill -9 at random instants while 500 reports arrive: nothing that was accepted is lost, nothing happens
twice (promises 2 and 3)."""

from __future__ import annotations

import asyncio
import json
import random
import re
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.crash.serving import Serving

pytestmark = pytest.mark.crash

REPORTS, KILLS, SENDERS = 500, 4, 12
#: A Monday morning in China: no quiet hours, no digest soon.
NOW = "2026-11-23T10:00:00+08:00"
WORDS = ("家里天花板漏水", "家里停水了", "家里下水道堵了", "家里没电了")
_NUMBER = re.compile(r"#(\d+)")


@dataclass
class Town:
    """What was reported, and what was answered."""

    server: Serving
    messages: list[dict[str, str]]
    answers: dict[str, bytes] = field(default_factory=dict)
    attempts: Counter[str] = field(default_factory=Counter)
    #: Set when so many messages were answered.
    reached: dict[int, asyncio.Event] = field(default_factory=dict)

    async def say(self, web: aiohttp.ClientSession, message: dict[str, str]) -> bytes:
        """Say it until it is answered, each time with the same id."""
        while True:
            await self.server.up.wait()
            self.attempts[message["id"]] += 1
            try:
                async with web.post(f"{self.server.url}/sandbox/messages", json=message) as answer:
                    body = await answer.read()
                    assert answer.status == 200, body
                    return body
            except (aiohttp.ClientError, ConnectionError):
                # The process is gone; the killer starts it again.
                await asyncio.sleep(0)

    async def report_all(self, web: aiohttp.ClientSession) -> None:
        """Several senders take the messages in their order."""
        waiting = iter(self.messages)

        async def sender() -> None:
            for message in waiting:
                self.answers[message["id"]] = await self.say(web, message)
                if goal := self.reached.get(len(self.answers)):
                    goal.set()

        await asyncio.gather(*(sender() for _ in range(SENDERS)))


async def kill_again_and_again(town: Town, chance: random.Random) -> None:
    """Kill it in the middle of the work, at moments that differ from run to run; once also while it is
    starting."""
    town.reached = {after: asyncio.Event() for after in sorted(chance.sample(range(10, REPORTS - 10), KILLS))}
    for place, goal in enumerate(town.reached.values()):
        await goal.wait()
        await asyncio.sleep(chance.random() * 0.02)
        await town.server.kill()
        if place == 0:
            await town.server.launch()
            await asyncio.sleep(chance.random() * 3)
            await town.server.kill()
        await town.server.start()


def reports(database: Path) -> list[dict[str, str]]:
    """500 different flats of the demo community with something wrong in each, told by its residents."""
    with closing(sqlite3.connect(database)) as connection:
        flats = connection.execute(
            "SELECT b.name, h.unit, h.room FROM households h JOIN buildings b ON b.id = h.building_id ORDER BY h.id"
        ).fetchall()
        people = [
            key
            for (key,) in connection.execute(
                "SELECT key FROM people WHERE household_id IS NOT NULL AND id NOT IN (SELECT person_id FROM posts) ORDER BY id"
            )
        ]
    step = len(flats) // REPORTS
    chosen = [(place, *flats[place * step]) for place in range(REPORTS)]
    return [
        {
            "id": f"m{place}",
            "chat": f"dm:{people[place % len(people)]}",
            "sender": people[place % len(people)],
            "text": f"{building}栋{unit}单元{room}{WORDS[place % 4]}",
        }
        for place, building, unit, room in chosen
    ]


async def test_nothing_is_lost_or_doubled_by_kill_9(tmp_path: Path) -> None:
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    server = Serving(tmp_path / "home", YISHITING_SANDBOX_NOW=NOW)
    database = tmp_path / "home" / "yishiting.db"
    # The very first start is killed too: half-made tables or half a roster must not stay behind.
    await server.launch()
    await asyncio.sleep(1 + chance.random() * 3)
    await server.kill()
    try:
        await server.start()
        town = Town(server, reports(database))
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as web:
            await asyncio.gather(kill_again_and_again(town, chance), town.report_all(web))
            again = {message["id"]: await town.say(web, message) for message in town.messages}
        assert await server.stop() == 0
    finally:
        if server.process is not None and server.process.returncode is None:
            await server.kill()
    assert again == town.answers, "a repeated message was answered differently"
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        check(connection, {known: json.loads(body)["replies"] for known, body in town.answers.items()})
    assert any(count > 2 for count in town.attempts.values()), "no kill hit a message under way"


def check(connection: sqlite3.Connection, answers: dict[str, list[dict[str, Any]]]) -> None:
    """What 500 reports leave, once each."""

    def rows(query: str) -> list[Any]:
        return connection.execute(query).fetchall()

    numbers = {
        known: int(found[1])
        for known, replies in answers.items()
        if replies and (found := _NUMBER.search(replies[0]["text"]))
    }
    assert len(numbers) == REPORTS, "a report was not answered with a number"
    assert sorted(numbers.values()) == list(range(1, REPORTS + 1)), "numbers are not 1 to 500, once each"
    assert [n for (n,) in rows("SELECT number FROM things ORDER BY number")] == list(range(1, REPORTS + 1))
    assert rows("SELECT value FROM counters WHERE series = 'things'") == [(REPORTS,)]
    assert rows("SELECT count(*), count(DISTINCT message_id) FROM inbox") == [(REPORTS, REPORTS)]
    # The number that a message was told is the number of the issue with that message behind it.
    told = dict(rows("SELECT e.message_id, i.number FROM endorsements e JOIN things i ON i.id = e.issue_id"))
    assert told == numbers
    for table, of in (("endorsements", "issue_id"), ("assignments", "issue_id"), ("deadlines", "thing_id")):
        counts = Counter(n for (n,) in rows(f"SELECT count(*) FROM {table} GROUP BY {of}"))
        assert counts == {1: REPORTS}, table
    assert rows("SELECT count(*) FROM assignments WHERE holder AND ended_at IS NULL") == [(REPORTS,)]
    assert rows(
        "SELECT count(*) FROM deadlines WHERE what = 'accept' AND settled_at IS NULL AND missed_at IS NULL"
    ) == [(REPORTS,)]
    assert rows("SELECT count(*) FROM issue_events WHERE what = 'opened'") == [(REPORTS,)]
    pushed = rows("SELECT i.number, o.address, p.key FROM outbox o JOIN things i ON i.id = o.about JOIN assignments a ON a.issue_id = i.id "
                  "JOIN people p ON p.id = a.person_id WHERE o.address = 'dm:' || p.key ORDER BY i.number")  # fmt: skip
    assert [number for number, _, _ in pushed] == list(range(1, REPORTS + 1)), (
        "a task was not pushed to its holder exactly once"
    )
    assert rows("SELECT count(*) FROM outbox") == [(2 * REPORTS,)]
    assert rows("SELECT count(*) FROM outbox WHERE delivery <> 'sent'") == [(0,)]
