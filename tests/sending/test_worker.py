"""The outbox worker on a real SQLite file, with time in the test's hands."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bot import app
from bot.channels.protocols import Undeliverable
from bot.channels.sending import FIRST_RETRY, LEASE, LONGEST_RETRY, Worker
from bot.storage import open_database, sync_engine
from models.base import Base, new_id
from models.messages.rules import Delivery
from models.messages.steps import claim
from models.messages.tables import Outbox


class Fake:
    per_minute = 3

    def __init__(self) -> None:
        self.sent: list[tuple[str, str, str]] = []
        self.refuse: dict[str, Exception] = {}
        self.enough = asyncio.Event()

    async def send(self, address: Any, body: Any, key: Any) -> Any:
        if (error := self.refuse.get(address)) is not None:
            raise error
        self.sent.append((address, body["text"], key))
        if body["text"] == "last":
            self.enough.set()
        return f"r{len(self.sent)}"


assert app.__doc__, "importing it makes every table known"


class House:
    def __init__(self, tmp_path: Path) -> None:
        self.now = datetime(2026, 11, 23, 1, tzinfo=UTC)
        self.database = open_database(f"sqlite:///{tmp_path}/a.db")
        engine = sync_engine(self.database.url)
        Base.metadata.create_all(engine)
        engine.dispose()
        self.channel = Fake()
        self.told: list[int] = []
        self.worker = self.another()

    def another(self) -> Any:
        return Worker(
            self.database,
            {"onebot": self.channel},
            timedelta(hours=24),
            self.tell,
            wall=lambda: self.now,
            monotonic=lambda: self.now.timestamp(),  # noqa: PLW0108 - the time at the call
            jitter=lambda low, high: high,
        )

    async def tell(self, row_id: Any) -> None:
        self.told.append(row_id)

    def later(self, **span: Any) -> None:
        self.now += timedelta(**span)

    async def say(self, text: Any, address: Any = "555", **more: Any) -> Any:
        row = {
            "id": new_id(),
            "channel": "onebot",
            "address": address,
            "body": {"text": text},
            "at": self.now,
            "delivery": Delivery.PENDING,
            "due_at": self.now,
            **more,
        }
        await self.database.turn(lambda session: session.add(Outbox(**row)))
        return row["id"]

    async def row(self, row_id: Any) -> Any:
        return await self.database.read(
            lambda session: session.scalars(select(Outbox).where(Outbox.id == row_id)).one()
        )

    @property
    def texts(self) -> Any:
        return [text for _, text, _ in self.channel.sent]


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    house = House(tmp_path)
    await house.database.start()
    yield house
    await house.worker.stop()
    await house.database.stop()


async def test_delivered_once_with_key_and_receipt(house: House) -> None:
    row_id = await house.say("甲")
    house.later(seconds=7)
    assert await house.worker.age() == 7
    assert [await house.worker.deliver_due() for _ in range(2)] == [1, 0]
    row = await house.row(row_id)
    assert house.channel.sent == [("555", "甲", str(row_id))]
    assert (row.delivery, row.receipt, row.sent_at, row.leased_until) == (
        Delivery.SENT,
        "r1",
        house.now,
        None,
    )
    assert await house.worker.age() == 0


async def test_quiet_and_future_rows_stay(house: House) -> None:
    await house.say("夜", delivery=Delivery.QUIET)
    await house.say("明天", "556", due_at=house.now + timedelta(hours=1))
    assert await house.worker.deliver_due() == 0


async def test_one_winner_of_twenty(house: House) -> None:
    row_id = await house.say("甲")
    won = await asyncio.gather(
        *(house.database.turn(lambda s: claim(s, [row_id], house.now, LEASE)) for _ in range(20))
    )
    assert sum(len(rows) for rows in won) == 1


async def test_a_killed_worker_costs_a_lease(house: House) -> None:
    await house.say("甲")
    await house.say("乙")
    first = await house.database.read(
        lambda s: s.scalars(select(Outbox.id).order_by(Outbox.id).limit(1)).one()
    )
    assert await house.database.turn(lambda s: claim(s, [first], house.now, LEASE))  # and dies here
    restarted = house.another()
    assert await restarted.deliver_due() == 0, "the younger one may not overtake"
    house.later(seconds=LEASE.total_seconds() + 1)
    await restarted.deliver_due()
    house.later(seconds=60)
    await restarted.deliver_due()
    assert house.texts == ["甲", "乙"]


async def test_order_in_a_chat_and_no_blocking_across_chats(house: House) -> None:
    house.channel.refuse["555"] = Undeliverable("offline")
    await house.say("一")
    await house.say("二")
    await house.say("别的群", "556")
    await house.worker.deliver_due()
    assert house.texts == ["别的群"]
    del house.channel.refuse["555"]
    for _ in range(3):
        house.later(seconds=5)
        await house.worker.deliver_due()
    assert house.texts == ["别的群", "一", "二"]


async def test_pace(house: House) -> None:
    for n in range(5):
        await house.say(str(n))
    sent_at = []
    for _ in range(121):
        if await house.worker.deliver_due():
            sent_at.append(house.now)
        house.later(seconds=1)
    assert house.texts == ["0", "1", "2", "3", "4"]
    assert [(at - sent_at[0]).total_seconds() for at in sent_at] == [0, 1, 2, 60, 61]


async def test_backoff_grows_to_its_limit(house: House) -> None:
    house.channel.refuse["555"] = Undeliverable("offline")
    row_id = await house.say("甲")
    pauses = []
    for _ in range(10):
        house.later(minutes=2)
        house.now = max(house.now, (await house.row(row_id)).due_at)
        assert await house.worker.deliver_due() == 1
        pauses.append((await house.row(row_id)).due_at - house.now)
    assert pauses[:3] == [FIRST_RETRY, FIRST_RETRY * 2, FIRST_RETRY * 4]
    assert pauses[-1] == LONGEST_RETRY
    assert (await house.row(row_id)).attempts == 10
    assert await house.worker.age() > 120


async def test_given_up_after_a_day_and_the_next_goes_out(house: House) -> None:
    house.channel.refuse["555"] = Undeliverable("offline")
    row_id = await house.say("甲")
    house.later(hours=30)  # nobody tried meanwhile: that does not count
    await house.worker.deliver_due()
    assert (await house.row(row_id)).delivery is Delivery.PENDING
    house.later(hours=23, minutes=59)
    await house.worker.deliver_due()
    assert house.told == []
    house.later(minutes=6)
    await house.worker.deliver_due()
    assert house.told == [row_id]
    row = await house.row(row_id)
    assert (row.delivery, row.last_error.split(" ", 1)[1]) == (Delivery.GIVEN_UP, "offline")
    house.channel.refuse.clear()
    await house.say("乙")
    house.later(minutes=1)
    await house.worker.deliver_due()
    assert house.texts == ["乙"]


async def test_final_is_given_up_at_once_even_if_nobody_can_be_told(house: House) -> None:
    async def broken(row_id: Any) -> None:
        raise RuntimeError("nobody")

    house.worker.on_given_up = broken
    house.channel.refuse["555"] = Undeliverable("no such group", final=True)
    row_id = await house.say("甲")
    await house.worker.deliver_due()
    assert (await house.row(row_id)).delivery is Delivery.GIVEN_UP


@pytest.mark.parametrize("error", [ValueError("秘密"), TimeoutError()])
async def test_a_bug_in_a_channel_is_a_retry_without_words(house: House, error: Any) -> None:
    house.channel.refuse["555"] = error
    row_id = await house.say("甲")
    await house.worker.deliver_due()
    row = await house.row(row_id)
    assert row.delivery is Delivery.PENDING
    assert "秘密" not in row.last_error


async def test_a_channel_that_is_off_counts_as_a_failure(house: House) -> None:
    row_id = await house.say("甲", channel="gone")
    await house.worker.deliver_due()
    assert (await house.row(row_id)).attempts == 1


async def test_the_task_wakes_and_stops(house: House) -> None:
    await house.worker.start()
    await house.say("last")
    house.worker.wake()
    async with asyncio.timeout(10):
        await house.channel.enough.wait()
    await house.worker.stop()
