"""The real process, `python -m bot run`, on loopback with a home of its own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_ADDRESS = re.compile(r"listening on (http://127\.0\.0\.1:\d+)")


class Serving:
    """One installation that can be started, killed and started again; each start takes a free port."""

    def __init__(self, home: Path, **settings: str) -> None:
        self.home, self.log = home, home.with_name(f"{home.name}.log")
        own = {name: value for name, value in os.environ.items() if not name.startswith("YISHITING_")}
        self.environment = {
            **own,
            "PYTHONUTF8": "1",
            "PYTHONUNBUFFERED": "1",
            "YISHITING_HOME": str(home),
            "YISHITING_PORT": "0",
            **settings,
        }
        self.process: asyncio.subprocess.Process | None = None
        self.url = ""
        #: Set while it answers.
        self.up = asyncio.Event()

    async def launch(self) -> asyncio.subprocess.Process:
        """Start the process without waiting for it to listen."""
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "bot",
                "run",
                cwd=ROOT,
                env=self.environment,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
            )
        return self.process

    async def start(self) -> None:
        """Start it and wait until it listens."""
        process = await self.launch()
        assert process.stdout is not None
        while line := await process.stdout.readline():
            with self.log.open("ab") as log:
                log.write(line)
            if found := _ADDRESS.search(line.decode()):
                self.url = found[1]
                self.up.set()
                return
        raise AssertionError(
            f"did not start (exit {await process.wait()}):\n{self.log.read_text(encoding='utf-8')}"
        )

    async def kill(self) -> None:
        """kill -9: no handler runs, nothing is flushed."""
        self.up.clear()
        assert self.process is not None
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        await self._ended()

    async def stop(self) -> int:
        """SIGTERM, as an operator stops it."""
        self.up.clear()
        assert self.process is not None
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGTERM)
        return await self._ended()

    async def _ended(self) -> int:
        assert self.process is not None
        out, _ = await self.process.communicate()
        with self.log.open("ab") as log:
            log.write(out or b"")
        return await self.process.wait()
