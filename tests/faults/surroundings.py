"""What a machine does to a database: a disk that fills up, another process that holds the lock."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

Step = Callable[[], None]


@contextmanager
def small_disk(at: Path, *, megabytes: int) -> Iterator[tuple[Path, Step, Step]]:
    """The mounted folder, what uses up its room but for some kilobytes, and what gives it back. Skips the
    test where that cannot be had."""
    mount = shutil.which("mount")
    if mount is None or os.geteuid() != 0:
        pytest.skip("only root can mount a small disk; test_a_full_file fills a file instead")
    at.mkdir()
    command = [mount, "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(at)]
    tried = subprocess.run(command, capture_output=True, text=True, check=False)
    if tried.returncode:
        pytest.skip(f"a small disk cannot be mounted here ({tried.stderr.strip()})")
    ballast = at / "ballast"

    def use_up() -> None:
        with suppress(OSError), ballast.open("wb", buffering=0) as file:
            while file.write(b"x" * 4096):
                pass
        with ballast.open("r+b") as file:
            file.truncate(ballast.stat().st_size - 64 * 1024)

    try:
        yield at, use_up, ballast.unlink
    finally:
        subprocess.run(["umount", str(at)], check=False)


_HOLDS = (
    "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None); "
    "c.execute('BEGIN IMMEDIATE'); print('locked', flush=True); sys.stdin.read()"
)


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Another process writes to the file and does not end."""
    with subprocess.Popen(
        [sys.executable, "-c", _HOLDS, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"locked\n"
        try:
            yield
        finally:
            other.communicate()
