"""Open sets: what nobody declared or nobody handles stops the start by name, is refused where its row is made, and in
rows of an older version ends without stopping anything else."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import StatementError
from sqlalchemy.orm import Session
from structlog.testing import capture_logs

from bot.app import build
from bot.language.lexicon import load_lexicon
from bot.turns.message import Inbound
from bot.turns.router import Nobody, Router
from config.settings import Settings
from handlers.chat import router as errands
from models.base import OpenSet, new_id
from models.issues.rules import Due
from models.issues.tables import IssueEvent
from models.messages.rules import steps
from models.messages.tables import Wait
from models.people.rules import posts
from models.people.tables import Post
from models.things.rules import deadline_kinds, kinds
from models.things.tables import Deadline, Thing
from tests.things import dying
from tests.town import town

VERBS = [verb for verb, rule in load_lexicon().commands.items() if not rule.later]
LEAK = "3栋2单元501天花板漏水了"


@contextmanager
def declared(names: OpenSet, name: str) -> Iterator[None]:
    names.add(name)
    try:
        yield
    finally:
        del names.titles[name]


@pytest.mark.parametrize("names", [deadline_kinds, steps, kinds], ids=lambda names: names.what)
def test_what_nobody_handles_stops_the_start(names: OpenSet, tmp_path: Path) -> None:
    with declared(names, "lost"), pytest.raises(Nobody, match=f"{names.what} 'lost'"):
        build(Settings(home=tmp_path))


def test_a_verb_nobody_handles_stops_the_start() -> None:
    with pytest.raises(Nobody, match="verb 'dance'"):
        errands().check([*VERBS, "dance"])
    with pytest.raises(Nobody, match="unknown verb 'endorse'"):
        errands().check([verb for verb in VERBS if verb != "endorse"])


def _nothing(*_: Any) -> None:
    return None


DECLARING: dict[str, Callable[[Router], Any]] = {
    "verb": lambda router: router.command("slip"),
    "deadline kind": lambda router: router.due("slip"),
    "step": lambda router: router.step("slip"),
    "kind of thing": lambda router: router.kind("slip", title=_nothing, page="", seen=_nothing),  # type: ignore[arg-type]
    "kind of thing ": lambda router: router.command_on("slip", "endorse", among=lambda _: []),
    "kind of thing  ": lambda router: router.intent("slip", of="slip"),
}


@pytest.mark.parametrize("what", DECLARING)
def test_a_slip_of_the_pen_in_an_errand_stops_the_start(what: str) -> None:
    router = errands()
    DECLARING[what](router)(_nothing)
    with pytest.raises(Nobody, match=f"handler of an unknown {what.strip()} 'slip'$"):
        router.check(VERBS)


def _row(kind: type[Any], **values: Any) -> dict[str, Any]:
    return {"id": new_id(), "community_id": 1, **values}


UNKNOWN = (
    (Deadline, "what", deadline_kinds, {"thing_id": 1, "due_at": func.now()}),
    (Thing, "kind", kinds, {"number": 9}),
    (Post, "role", posts, {"person_id": 101}),
)


@pytest.mark.parametrize(
    ("kind", "column", "names", "more"), UNKNOWN, ids=lambda value: getattr(value, "what", "")
)
async def test_an_unknown_name_is_refused_where_the_row_is_made(
    tmp_path: Path, kind: type[Any], column: str, names: OpenSet, more: dict[str, Any]
) -> None:
    row = {"id": new_id(), "community_id": 1, column: "lost", **more}

    def by_orm(session: Session) -> None:
        session.add(kind(**row))
        session.flush()

    async with town(tmp_path) as bot:
        for make in (
            by_orm,
            lambda s: s.execute(insert(kind).values(row)),
            lambda s: s.execute(insert(kind), [row]),
        ):
            with pytest.raises(StatementError, match=f"unknown {names.what} 'lost'"):
                await bot.database.turn(make)
        assert not await bot.database.read(
            lambda s: s.scalar(select(func.count()).select_from(kind).where(text(f"{column} = 'lost'")))
        )


async def test_rows_of_an_older_version_end_and_stop_nothing(tmp_path: Path) -> None:
    """A deadline and a question of kinds that nobody knows any more fall due before everything else."""

    def older(session: Session) -> None:
        row = {"community": 1, "thing": session.scalars(select(Thing.id)).first(), "id": new_id()}
        session.execute(
            text(
                "INSERT INTO deadlines (id, community_id, thing_id, what, due_at)"
                " VALUES (:id, :community, :thing, 'lost', '2026-11-23 02:00:01')"
            ),
            row,
        )
        session.execute(text("UPDATE waits SET step = 'lost', until = '2026-11-23 02:00:02'"))

    async with town(tmp_path) as bot:
        for who, words in (("r3", LEAK), ("r1", "电梯坏了")):
            await bot.hub.receive(Inbound(channel="sandbox", chat="g", sender=who, text=words))
        await bot.database.turn(older)
        assert await bot.database.read(lambda s: s.scalar(select(func.count(Wait.id)))) == 1
        with capture_logs() as logs:
            sent = await bot.duties.advance(timedelta(hours=26))
            await bot.duties.tick()
        assert any(message.body["text"].startswith("任务升级 #1") for message in sent)
        lost = [line for line in logs if line["log_level"] == "error"]
        assert [(line["event"], line["what"]) for line in lost] == [("nobody handles a deadline", "lost")]
        assert await bot.database.read(lambda s: s.scalar(select(func.count(Wait.id)))) == 0


async def test_a_process_killed_between_claim_and_commit_leaves_the_row_due(tmp_path: Path) -> None:
    async with town(tmp_path) as bot:
        await bot.hub.receive(Inbound(channel="sandbox", chat="dm:r3", sender="r3", text=LEAK))
    killed = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-m", dying.__name__, str(tmp_path)], check=False, cwd=dying.ROOT
    )
    assert killed.returncode == -dying.SIGNAL

    def went_up(session: Session) -> tuple[int, int]:
        missed = select(func.count(Deadline.id)).where(
            Deadline.missed_at.is_not(None), Deadline.what == Due.ACCEPT
        )
        told = select(func.count(IssueEvent.id)).where(IssueEvent.what == "escalated")
        return session.scalar(missed) or 0, session.scalar(told) or 0

    async with town(tmp_path) as bot:
        assert await bot.database.read(went_up) == (0, 0)
        await bot.duties.advance(timedelta(hours=26))
        await bot.duties.tick()
        assert await bot.database.read(went_up) == (1, 1)
