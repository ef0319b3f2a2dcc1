"""Whatever fails under a turn: it is answered, its neighbours are done exactly once, and the next one works."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import signal
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from bot import app
from bot.storage import Database, open_database, sync_engine
from models.base import Base, Fact, new_id
from models.messages.rules import Delivery
from models.messages.tables import Inbox, Outbox
from tests.faults.surroundings import locked, small_disk

assert app.__doc__, "importing it makes every table known"

NOW = datetime(2026, 11, 23, 2, tzinfo=UTC)
BUSY = 0.4
#: Nothing may hang; generous, since the machine may be busy.
SOON = 20.0
LONG = "长" * 3_000


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Database]:
    database = open_database(f"sqlite:///{folder}/a.db", busy_seconds=BUSY)
    engine = sync_engine(database.url)
    Base.metadata.create_all(engine)
    engine.dispose()
    database.look_every = 0.0
    await database.start()
    try:
        yield database
    finally:
        async with asyncio.timeout(SOON):
            await database.stop()


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with opened(tmp_path) as made:
        yield made


def hears(name: str, words: str = "") -> Callable[[Session], str]:
    """A turn that leaves one row."""

    def work(session: Session) -> str:
        session.add(Inbox(id=new_id(), channel="c", message_id=f"{name} {words}", at=NOW))
        return name

    return work


def refers_to_nobody(session: Session) -> None:
    """A turn that only COMMIT finds fault with: the foreign key is deferred."""
    session.add(
        Outbox(
            id=new_id(),
            turn_id=7,
            channel="c",
            address="a",
            body={},
            at=NOW,
            due_at=NOW,
            delivery=Delivery.PENDING,
        )
    )


async def heard(database: Database) -> list[str]:
    """The names in the rows that were left, one for each."""
    rows = await database.read(lambda session: session.scalars(select(Inbox.message_id)).all())
    return sorted(row.split()[0] for row in rows)


async def together(database: Database, *works: Callable[[Session], Any]) -> list[Any]:
    """Turns asked for in one step of the loop, so that they share a commit; the value or the failure of each."""
    async with asyncio.timeout(SOON):
        return await asyncio.gather(*(database.turn(work) for work in works), return_exceptions=True)


async def works_again(database: Database) -> None:
    assert await together(database, hears("next")) == ["next"]
    assert (await heard(database)).count("next") == 1
    assert await database.writable()


def raw_of(session: Session) -> Any:
    return session.connection().connection.dbapi_connection


# --- no room --------------------------------------------------------------------------------------


@contextlib.contextmanager
def pages(database: Database) -> Iterator[tuple[Callable[[Session], None], Callable[[Session], None]]]:
    """Turns that leave room for one more page, and for any number again."""

    def least(session: Session) -> None:
        count = session.scalar(text("PRAGMA page_count"))
        session.execute(text(f"PRAGMA max_page_count={count + 1}"))

    def most(session: Session) -> None:
        session.execute(text("PRAGMA max_page_count=1073741823"))

    yield least, most


async def fill(database: Database) -> None:
    """Turns in threes until one of each three fails; each is there once or not at all."""
    done = await heard(database)
    for n in range(200):
        names = [f"{n}-{k}" for k in "abc"]
        came = await together(database, *(hears(name, LONG) for name in names))
        done += [value for value in came if isinstance(value, str)]
        assert all(isinstance(value, str | DBAPIError) for value in came), came
        assert await heard(database) == sorted(done)
        if not any(isinstance(value, str) for value in came):
            return
    pytest.fail("it never got full")


async def test_a_full_file(database: Database) -> None:
    with pages(database) as (least, most):
        await database.turn(least)
        await fill(database)
        assert not await database.writable()
        for _ in range(3):
            assert isinstance((await together(database, hears("x", LONG)))[0], DBAPIError)
        before = await heard(database)
        await database.turn(most)
    await works_again(database)
    assert await heard(database) == sorted([*before, "next"])


async def test_a_full_disk(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", megabytes=2) as (disk, use_up, give_back):
        async with opened(disk) as database:
            await database.turn(hears("first"))
            use_up()
            await fill(database)
            assert not await database.writable()
            before = await heard(database)
            give_back()
            assert await database.writable()
            await works_again(database)
            assert await heard(database) == sorted([*before, "next"])


async def test_a_full_disk_takes_its_culprit_only(database: Database) -> None:
    """SQLite rolls the whole transaction back, also what neighbours wrote before."""

    def greedy(session: Session) -> None:
        session.add(Fact(key="greedy", value="x" * 4_000_000))

    await database.turn(
        lambda session: session.execute(
            text(f"PRAGMA max_page_count={session.scalar(text('PRAGMA page_count')) + 60}")
        )
    )
    for _ in range(3):
        came = await together(database, hears("a"), greedy, hears("b"), hears("c"))
        assert came[::2] == ["a", "b"]
        assert came[3] == "c"
        assert isinstance(came[1], DBAPIError)
        rows = await heard(database)
        assert rows == ["a", "b", "c"]
        await database.turn(lambda session: session.execute(text("DELETE FROM inbox")))
    await works_again(database)


# --- another process, the file, the disk ----------------------------------------------------------


async def test_locked_by_another_process_for_longer_than_one_waits(
    database: Database, tmp_path: Path
) -> None:
    with locked(tmp_path / "a.db"):
        began = asyncio.get_running_loop().time()
        came = await together(database, *(hears(str(n)) for n in range(8)))
        assert all(isinstance(value, DBAPIError) for value in came), came
        assert asyncio.get_running_loop().time() - began < 6 * BUSY, (
            "they wait together, not one after another"
        )
        assert not await database.writable()
        waiting = asyncio.create_task(database.turn(hears("patient")))
        await asyncio.sleep(0)
    async with asyncio.timeout(SOON):
        assert await waiting == "patient"
    await works_again(database)
    assert await heard(database) == ["next", "patient"]


async def test_a_write_error(database: Database, tmp_path: Path) -> None:
    """The file may not grow any more: SQLite reports an I/O error, not a full disk."""
    was, soft = signal.signal(signal.SIGXFSZ, signal.SIG_IGN), resource.getrlimit(resource.RLIMIT_FSIZE)
    await database.turn(hears("first"))
    size = (tmp_path / "a.db-wal").stat().st_size
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 100, soft[1]))
        came = await together(database, *(hears(name, LONG) for name in "abc"))
        assert all(isinstance(value, DBAPIError) for value in came), came
        assert "I/O" in str(came[0])
        assert not await database.writable()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, soft)
        signal.signal(signal.SIGXFSZ, was)
    assert await database.writable()
    await works_again(database)
    assert await heard(database) == ["first", "next"]


async def test_a_connection_closed_between_two_turns(database: Database) -> None:
    raw = await database.turn(raw_of)
    raw.close()
    assert await together(database, hears("a"), hears("b")) == ["a", "b"]
    await works_again(database)
    assert await heard(database) == ["a", "b", "next"]


async def test_a_connection_closed_in_the_middle_of_a_turn(database: Database) -> None:
    def closes(session: Session) -> None:
        session.add(Inbox(id=new_id(), channel="c", message_id="gone", at=NOW))
        session.flush()
        raw_of(session).close()

    came = await together(database, hears("a"), closes, hears("b"))
    assert [came[0], came[2]] == ["a", "b"]
    assert isinstance(came[1], Exception)
    await works_again(database)
    assert await heard(database) == ["a", "b", "next"]


async def test_a_transaction_that_somebody_left_open(database: Database) -> None:
    raw = await database.turn(raw_of)
    raw.execute("BEGIN")
    await works_again(database)


# --- turns that fail in unusual ways --------------------------------------------------------------


async def test_a_refused_commit_alone(database: Database) -> None:
    for _ in range(3):
        assert isinstance((await together(database, refers_to_nobody))[0], IntegrityError)
    await works_again(database)
    count = select(func.count()).select_from(Outbox)
    assert await database.read(lambda session: session.scalar(count)) == 0


async def test_a_refused_commit_among_neighbours(database: Database) -> None:
    came = await together(
        database, hears("a"), refers_to_nobody, hears("b"), refers_to_nobody, refers_to_nobody, hears("c")
    )
    assert [came[0], came[2], came[5]] == ["a", "b", "c"]
    assert all(isinstance(came[n], IntegrityError) for n in (1, 3, 4))
    await works_again(database)
    assert await heard(database) == ["a", "b", "c", "next"]


@pytest.mark.parametrize("error", [StopIteration(), RuntimeError("x"), MemoryError(), StopAsyncIteration()])
async def test_any_exception_goes_to_whoever_asked(database: Database, error: Exception) -> None:
    def fails(session: Session) -> None:
        hears("rolled-back")(session)
        session.flush()
        raise error

    came = await together(database, hears("a"), fails, hears("b"))
    assert [came[0], came[2]] == ["a", "b"]
    assert came[1] is error or came[1].__cause__ is error
    await works_again(database)
    assert await heard(database) == ["a", "b", "next"]


async def test_a_turn_that_hides_its_failure(database: Database) -> None:
    def hides(session: Session) -> str:
        hears("twice")(session)
        session.flush()
        with contextlib.suppress(IntegrityError):
            hears("twice")(session)
            session.flush()
        return "fine"

    came = await together(database, hears("a"), hides, hears("b"))
    assert [came[0], came[2]] == ["a", "b"]
    assert isinstance(came[1], Exception)
    await works_again(database)
    assert await heard(database) == ["a", "b", "next"]


async def test_a_turn_that_ends_the_transaction_itself(database: Database) -> None:
    def ends(session: Session) -> None:
        raw_of(session).rollback()

    came = await together(database, hears("a"), ends, hears("b"))
    assert [came[0], came[2]] == ["a", "b"]
    assert isinstance(came[1], Exception)
    await works_again(database)
    assert await heard(database) == ["a", "b", "next"]


async def test_a_lost_race_is_run_again(database: Database) -> None:
    tries = []

    def races(session: Session) -> str:
        tries.append(1)
        if len(tries) == 1:
            raise IntegrityError("", {}, sqlite3.IntegrityError())
        return hears("second")(session)

    assert await together(database, races) == ["second"]
    assert await heard(database) == ["second"]


# --- those who ask go, and the writer goes --------------------------------------------------------


async def test_a_turn_given_up_while_it_waits_is_not_run(database: Database) -> None:
    gone = asyncio.create_task(database.turn(hears("gone")))
    stays = asyncio.create_task(database.turn(hears("stays")))
    await asyncio.sleep(0)
    gone.cancel()
    async with asyncio.timeout(SOON):
        assert await stays == "stays"
        with pytest.raises(asyncio.CancelledError):
            await gone
    await works_again(database)
    assert await heard(database) == ["next", "stays"]


async def test_a_turn_given_up_while_it_runs_harms_nobody(database: Database) -> None:
    def cancels(session: Session) -> None:
        hears("gone")(session)
        gone.cancel()

    gone = asyncio.create_task(database.turn(cancels))
    stays = asyncio.create_task(database.turn(hears("stays")))
    async with asyncio.timeout(SOON):
        assert await stays == "stays"
        with pytest.raises(asyncio.CancelledError):
            await gone
    await works_again(database)
    assert await heard(database) == ["gone", "next", "stays"]


def writer_task() -> asyncio.Task[Any]:
    return next(task for task in asyncio.all_tasks() if task.get_name() == "sqlite-writer")


async def test_a_writer_that_is_killed_is_replaced(database: Database) -> None:
    def kills(session: Session) -> None:
        hears("killed")(session)
        raise asyncio.CancelledError

    came = await together(database, hears("a"), kills, hears("b"))
    assert all(isinstance(came[n], RuntimeError) for n in (0, 1)), "in its hands, and nobody knows"
    assert came[2] == "b"
    await works_again(database)
    for _ in range(3):
        waiting = [asyncio.create_task(database.turn(hears(f"w{n}"))) for n in range(3)]
        await asyncio.sleep(0)
        writer_task().cancel()
        async with asyncio.timeout(SOON):
            await asyncio.gather(*waiting)
        await database.turn(lambda session: session.execute(text("DELETE FROM inbox")))
    writer_task().cancel()
    await works_again(database)


async def test_stopping_answers_everybody(tmp_path: Path) -> None:
    async with opened(tmp_path) as database:
        later: list[asyncio.Task[Any]] = []

        def stops(session: Session) -> str:
            # Both begin while the commit is under way.
            later.append(asyncio.create_task(database.turn(hears("late"))))
            later.append(asyncio.create_task(database.stop()))
            return hears("running")(session)

        running = asyncio.create_task(database.turn(stops))
        async with asyncio.timeout(SOON):
            assert await running == "running"
            with pytest.raises(RuntimeError, match="closed"):
                await later[0]
            await later[1]
            with pytest.raises(RuntimeError, match="closed"):
                await database.turn(hears("too-late"))
        with contextlib.closing(sqlite3.connect(tmp_path / "a.db")) as connection:
            assert connection.execute("SELECT message_id FROM inbox").fetchall() == [("running ",)]
        assert not (tmp_path / "a.db-wal").exists(), "the log is in the file"


async def test_what_is_deleted_is_overwritten_on_every_connection(database: Database) -> None:
    """Also after an erasure, which once switched it off for the writer."""
    from models.privacy import erase

    await database.turn(lambda session: erase(session, [1], NOW))
    assert await database.turn(lambda session: session.scalar(text("PRAGMA secure_delete"))) == 1
    raw = await database.turn(raw_of)
    raw.close()
    assert await database.turn(lambda session: session.scalar(text("PRAGMA secure_delete"))) == 1
