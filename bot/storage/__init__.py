"""Where things are kept: the database behind two verbs, photos, keys. Only here is a transaction ended, and
only here is one database told from another."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from sqlalchemy import URL, Engine, make_url
from sqlalchemy.exc import DBAPIError

from bot.storage import postgres, sqlite
from bot.storage.database import Database
from bot.storage.rows import insert_once
from bot.storage.sqlite import BUSY_SECONDS, empty_log, quick_check, snapshot, stored_revision

__all__ = [
    "Database",
    "open_database",
    "parse_url",
    "sync_engine",
    "insert_once",
    "file_of",
    "snapshot",
    "quick_check",
    "stored_revision",
    "empty_log",
    "BROKEN",
    "reason",
]

#: What comes of a file that cannot be opened or read.
BROKEN = (DBAPIError, sqlite3.DatabaseError)


def parse_url(address: str) -> URL:
    """The URL with the async driver this project uses; raises `ValueError` for a database it does not know."""
    url = make_url(address)
    match url.get_backend_name():
        case "sqlite":
            return sqlite.accepted(url)
        case "postgresql":
            return postgres.accepted(url)
        case other:
            raise ValueError(f"unknown database {other!r}: sqlite or postgresql")


def file_of(url: URL) -> Path | None:
    """The file in which the database lies; None for a server, from which this version does not serve."""
    return sqlite.file_of(url) if url.get_backend_name() == "sqlite" else None


def open_database(address: str, *, busy_seconds: float = BUSY_SECONDS) -> Database:
    """The database at an address, not yet started; `busy_seconds` is how long a turn waits for another
    process that writes."""
    url = parse_url(address)
    return sqlite.Sqlite(url, busy_seconds) if file_of(url) else postgres.Postgres(url)


def sync_engine(url: URL, *, begin: str = "BEGIN IMMEDIATE") -> Engine:
    """A synchronous engine on the same database, for the command line and migrations."""
    return sqlite.sync_engine(url, begin=begin) if file_of(url) else postgres.sync_engine(url)


def reason(error: Exception) -> object:
    """Why, in the words of the database alone: a statement's values stay out."""
    return error.orig if isinstance(error, DBAPIError) else error
