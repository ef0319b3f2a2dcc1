"""Bring the database to the newest tables before anything opens it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, event
from sqlalchemy.exc import IntegrityError

import models
from bot.storage import parse_url, sync_engine
from config.settings import Settings


def alembic_config() -> Config:
    """Alembic's configuration without a file: the scripts lie beside the models."""
    config = Config()
    config.set_main_option("script_location", (Path(models.__file__).parent / "migrations").as_posix())
    config.set_main_option("path_separator", "os")
    return config


def upgrade(settings: Settings) -> None:
    """Migrate to the newest revision; does nothing when it is there already."""
    url = parse_url(settings.database_url)
    engine = sync_engine(url)
    try:
        with engine.connect() as connection, unchecked(connection):
            if current(connection) == head():
                return
            config = alembic_config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            connection.commit()
    finally:
        engine.dispose()


@contextmanager
def unchecked(connection: Connection) -> Iterator[None]:
    """SQLite remakes a table by dropping the old one, which would take along what refers to it; so foreign
    keys rest meanwhile and are checked as a whole before the commit."""
    if connection.dialect.name != "sqlite":
        yield
        return
    raw: Any = connection.connection.driver_connection
    # Outside of any transaction, where alone this pragma works.
    raw.execute("PRAGMA foreign_keys=OFF")
    try:
        event.listen(connection, "commit", _check)
        yield
    finally:
        event.remove(connection, "commit", _check)
        raw.execute("PRAGMA foreign_keys=ON")


def _check(connection: Connection) -> None:
    raw: Any = connection.connection.driver_connection
    broken = raw.execute("PRAGMA foreign_key_check").fetchall()
    if broken:
        raise IntegrityError(
            f"{len(broken)} rows refer to nothing after the migration", None, ValueError(broken[0])
        )


def current(connection: Connection) -> str | None:
    """The database's revision."""
    with connection.begin_nested() if connection.in_transaction() else connection.begin():
        return MigrationContext.configure(connection).get_current_revision()


def head() -> str | None:
    """The code's revision."""
    return ScriptDirectory.from_config(alembic_config()).get_current_head()
