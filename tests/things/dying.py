"""A process that dies in the middle of a due turn: the row is claimed and its work written, but not committed."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from bot.turns.turn import Turn
from models.issues.rules import Due
from tests.town import town

ROOT = Path(__file__).resolve().parents[2]
SIGNAL = signal.SIGKILL


async def main(home: Path) -> None:
    """Move the clock until the first acceptance is late."""
    async with town(home) as bot:
        whole = bot.hub.router.dues[Due.ACCEPT]

        def half(turn: Turn, *about: Any) -> None:
            whole(turn, *about)
            turn.session.flush()
            os.kill(os.getpid(), SIGNAL)

        bot.hub.router.dues[Due.ACCEPT] = half
        await bot.duties.advance(timedelta(hours=26))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
