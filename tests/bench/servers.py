"""The processes that are measured: started on a home of their own, stopped as an operator would."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

#: A Monday morning, so that quiet hours and digests keep out of the way.
NOW = "2026-11-23T10:00:00+08:00"


def environment(home: Path, **more: str) -> dict[str, str]:
    """The variables of an installation of its own."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("YISHITING_")}
    return (
        kept
        | {
            "YISHITING_HOME": str(home),
            "YISHITING_DEMO": "0",
            "YISHITING_SANDBOX": "1",
            "YISHITING_SANDBOX_NOW": NOW,
        }
        | more
    )


def database(home: Path) -> str:
    """The URL of a home's database."""
    return f"sqlite+aiosqlite:///{(home / 'yishiting.db').as_posix()}"


def command(home: Path, *words: str) -> str:
    """Run `yishiting …` to its end; its output. Raises what it said when it fails."""
    done = subprocess.run(
        [sys.executable, "-m", "bot", *words],
        env=environment(home),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"yishiting {' '.join(words)}: {done.stdout}{done.stderr}")
    return done.stdout


def python(module: str, *words: str, home: Path) -> str:
    """Run a module of the benchmarks to its end; its output."""
    done = subprocess.run(
        [sys.executable, "-m", module, *words],
        env=environment(home),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{module}: {done.stderr}")
    return done.stdout


def copy(home: Path, to: Path) -> Path:
    """Another home with the same database; nobody has it open."""
    shutil.copytree(home, to)
    return to


class Floor:
    """A process of tests/bench/floor.py that prints its port."""

    def __init__(self, kind: str, home: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.floor", kind],
            env=environment(home),
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline())

    def stop(self) -> None:
        """End it."""
        self.process.terminate()
        self.process.communicate(timeout=10)


class Committer:
    """The commit floor; asked for a stretch at a time."""

    def __init__(self, home: Path) -> None:
        words = [sys.executable, "-m", "tests.bench.floor", "commits", database(home)]
        self.process = subprocess.Popen(
            words, env=environment(home), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def rate(self, seconds: float) -> float:
        """Commits a second."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{seconds}\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

    def stop(self) -> None:
        """End it."""
        self.process.communicate(timeout=10)


class Bot:
    """`yishiting run` on a home."""

    def __init__(self, home: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.home = home
        with (home / "server.log").open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "bot", "run"],
                env=environment(home, YISHITING_PORT=str(self.port)),
                stdout=log,
                stderr=log,
            )
        self._wait()

    def _wait(self) -> None:
        until = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/sandbox/clock", timeout=5).close()
            except (urllib.error.URLError, ConnectionError) as error:
                if self.process.poll() is not None or time.monotonic() > until:
                    raise RuntimeError(f"the server does not answer ({error}): {self.log()}") from error
                time.sleep(0.05)
            else:
                return

    def log(self) -> str:
        """The end of what it printed."""
        return (self.home / "server.log").read_text(encoding="utf-8", errors="replace")[-3000:]

    def memory_mb(self) -> float:
        """What it holds in memory now; 0 where the system does not tell."""
        status = Path(f"/proc/{self.process.pid}/status")
        if not status.exists():
            return 0.0
        return (
            int(next(line for line in status.read_text().splitlines() if line.startswith("VmRSS")).split()[1])
            / 1024
        )

    def stop(self) -> None:
        """SIGTERM, as an operator would."""
        self.process.terminate()
        self.process.wait(timeout=20)
