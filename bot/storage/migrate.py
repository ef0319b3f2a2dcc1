"""Bring the database to the newest tables before anything opens it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
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
    """Migrate to the newest revision in one transaction: all of it, or nothing when anything goes wrong."""
    engine = sync_engine(parse_url(settings.database_url))
    try:
        with engine.connect() as connection:
            if current(connection) == head():
                return
            sqlite = connection.dialect.name == "sqlite"
            if sqlite:
                # SQLite remakes a table by dropping the old one, which would take along what refers to it; the
                # pragma works only outside of a transaction.
                _raw(connection).execute("PRAGMA foreign_keys=OFF")
            connection.begin()
            config = alembic_config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            if sqlite:
                _check(connection)
            connection.commit()
    finally:
        engine.dispose()


def _check(connection: Connection) -> None:
    """Every row refers to something that is there, as SQLite would have seen to itself."""
    broken = Counter((row[0], row[2]) for row in _raw(connection).execute("PRAGMA foreign_key_check"))
    if broken:
        found = "; ".join(
            f"{n} rows of {table} refer to no {parent}" for (table, parent), n in broken.items()
        )
        raise IntegrityError("PRAGMA foreign_key_check", None, ValueError(found))


def _raw(connection: Connection) -> Any:
    return connection.connection.driver_connection


def current(connection: Connection) -> str | None:
    """The database's revision."""
    with connection.begin_nested() if connection.in_transaction() else connection.begin():
        return MigrationContext.configure(connection).get_current_revision()


def head() -> str | None:
    """The code's revision."""
    return ScriptDirectory.from_config(alembic_config()).get_current_head()
