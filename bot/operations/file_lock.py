"""One process at a time serves one SQLite file: deadlines would otherwise run twice, and two processes would
keep two memories."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Taken(Exception):
    """Another process has it; `owner` is its process id as far as it said so."""

    def __init__(self, owner: str) -> None:
        super().__init__(owner)
        self.owner = owner


def lock_of(database: Path) -> Path:
    """The lock beside a SQLite file."""
    return database.with_name(f"{database.name}.lock")


def serving(database: Path) -> bool:
    """Whether a process serves this file now."""
    if not lock_of(database).exists():
        return False
    try:
        with held(database):
            return False
    except Taken:
        return True


@contextmanager
def held(database: Path) -> Iterator[None]:
    """Hold the file's lock while the block runs. The system takes it back when the process ends, however it
    ends. Raises `Taken`."""
    file = lock_of(database)
    file.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            _lock(handle)
        except OSError:
            raise Taken(_owner(file)) from None
        os.ftruncate(handle, 0)
        os.write(handle, str(os.getpid()).encode())
        yield
    finally:
        os.close(handle)


def _owner(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""


if sys.platform == "win32":
    import msvcrt

    def _lock(handle: int) -> None:
        # A byte far behind the end, so that the process id before it stays readable.
        os.lseek(handle, 1 << 20, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        os.lseek(handle, 0, os.SEEK_SET)

else:
    import fcntl

    def _lock(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
