"""Opening the database for a command: migrated first, SQLite only in this version."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer
from alembic.util import CommandError
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot.storage import BROKEN, file_of, migrate, parse_url, reason, sync_engine
from config.settings import Settings
from models.places.tables import Community


def stop(line: str, code: int = 1) -> typer.Exit:
    """Say on standard error why the command ends; to be raised."""
    typer.echo(line, err=True)
    return typer.Exit(code)


def database_file(settings: Settings) -> Path:
    """The SQLite file. Ends the command for anything else."""
    try:
        url = parse_url(settings.database_url)
    except Exception as error:  # noqa: BLE001 - SQLAlchemy and drivers raise what they like for a bad URL
        raise stop(f"YISHITING_DATABASE：{error}。", 2) from None
    file = file_of(url)
    if file is None:
        raise stop(
            "YISHITING_DATABASE：这一版只支持 SQLite，PostgreSQL 随后续版本提供。 / PostgreSQL comes with a later version.",
            2,
        )
    return file


def migrated(settings: Settings) -> Path:
    """The SQLite file, brought to the newest tables. Ends the command with one line when that cannot be
    done."""
    file = database_file(settings)
    try:
        migrate.upgrade(settings)
    except IntegrityError as error:
        raise stop(
            f"数据库 {file} 没有升级，原样未动（{reason(error)}）。请继续用上一版，并把这一行告诉开发者。 / not upgraded, nothing changed"
        ) from None
    except BROKEN as error:
        raise stop(f"数据库 {file} 打不开（{reason(error)}）。请运行 yishiting doctor 看怎么修。") from None
    except CommandError:
        raise stop(f"数据库 {file} 来自更新的版本，请先升级议事厅。 / made by a newer version") from None
    except OSError as error:
        raise stop(f"数据库 {file} 不能用（{error.strerror}）。请运行 yishiting doctor 看怎么修。") from None
    return file


@contextmanager
def opened(settings: Settings, *, write: bool = False) -> Iterator[Session]:
    """A session on the migrated database: one snapshot, or with `write` one transaction that is kept when the
    block ends well."""
    migrated(settings)
    engine = sync_engine(parse_url(settings.database_url), begin="BEGIN IMMEDIATE" if write else "BEGIN")
    try:
        with (
            engine.connect() as connection,
            connection.begin() if write else connection,
            Session(connection, expire_on_commit=False) as session,
        ):
            yield session
            session.flush()
    finally:
        engine.dispose()


def community_named(session: Session, name: str) -> Community:
    """The community. Ends the command, naming those there are, when none is called so."""
    found = session.scalar(select(Community).where(Community.name == name))
    if found is None:
        known = "、".join(session.scalars(select(Community.name).order_by(Community.name)))
        raise stop(f"没有「{name}」这个社区。名册里有：{known or '（空，请先 yishiting import）'}")
    return found
