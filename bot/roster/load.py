"""The two halves of an import, and the demo community of the first start."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, select

import config
from bot.storage import parse_url, sync_engine
from config.settings import Settings
from models.base import stored_offset
from models.places.tables import Community

from .chats import compare_chats
from .check import Roster, check
from .compare import Comparison
from .files import Tick, read
from .people import People
from .places import Places
from .plan import Plan
from .posts import compare_posts
from .write import revision, write

DEMO = Path(config.__file__).parent / "demo"


class Outdated(Exception):
    """Somebody changed the roster after the plan was made."""


def survey(connection: Connection, roster: Roster, now: datetime, tick: Tick | None = None) -> Plan:
    """Compare the roster with the database, reading only. Problems are added to `roster.problems`; with any,
    the plan is not to be used."""
    compared = Comparison(connection, roster, now, revision(connection), tick)
    places = Places(compared)
    people = People(compared, places)
    compare_posts(compared, places, people)
    compare_chats(compared, places)
    # Last, since every sheet names places and people.
    places.retire()
    people.retire()
    return compared.plan


def commit(engine: Engine, plan: Plan, now: datetime, *, retire: bool, tick: Tick | None = None) -> None:
    """Write a plan in one transaction. Raises `Outdated`, having written nothing, when the roster was changed
    meanwhile."""
    with engine.begin() as connection:
        if revision(connection) != plan.revision:
            raise Outdated
        write(connection, plan, now, retire=retire, tick=tick)


def business_time(connection: Connection, settings: Settings) -> datetime:
    """Now, as deadlines and posts see it: the sandbox's clock may stand elsewhere than the wall's."""
    wall = datetime.now(UTC)
    if not settings.sandbox_on:
        return wall
    stored = stored_offset(connection)
    if stored is not None:
        return wall + stored
    return settings.sandbox_now or wall


def load_demo(settings: Settings, folder: Path = DEMO) -> bool:
    """Import config/demo into a database that knows no community yet. Returns whether it did; raises
    `ValueError` for a broken demo."""
    engine = sync_engine(parse_url(settings.database_url))
    try:
        with engine.begin() as connection:
            return seed(connection, business_time(connection, settings), folder)
    finally:
        engine.dispose()


def seed(connection: Connection, now: datetime, folder: Path = DEMO) -> bool:
    """The same inside the caller's transaction."""
    if connection.scalar(select(Community.id).limit(1)) is not None:
        return False
    roster = check(read(folder))
    plan = survey(connection, roster, now)
    if roster.problems:
        raise ValueError(f"the roster in {folder} cannot be imported: {roster.problems[0]}")
    write(connection, plan, now, retire=False)
    return True
