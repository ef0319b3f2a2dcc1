"""What belongs to the resident: 别听我的, 听我的, 删除我的数据, 导出我的数据. Everything in private."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from bot.turns.message import Reply
from bot.turns.router import Router, question
from bot.turns.turn import Turn
from models.people.steps import listen_to
from models.privacy import erase, export_identity
from models.time import CHINA

router = Router()

ASKED_ERASE = question("erase")
ASK_MINUTES = 10
#: How many entries of one kind the private message shows; the newest.
SHOWN = 5


@router.command("ignore_me")
def ignore_me(turn: Turn) -> Reply:
    """别听我的: group messages of this account are not read any more; mentions and the direct chat are."""
    turn.listening = False
    new = listen_to(turn.identity, listening=False)
    return turn.whisper("rights/ignoring" if new else "rights/ignoring_already")


@router.command("listen_me")
def listen_me(turn: Turn) -> Reply:
    """听我的."""
    turn.listening = True
    new = listen_to(turn.identity, listening=True)
    return turn.whisper("rights/listening" if new else "rights/listening_already")


@router.command("erase_me")
def erase_me(turn: Turn) -> Reply:
    """删除我的数据: what will go, and whether that is meant."""
    turn.wait(ASKED_ERASE, minutes=ASK_MINUTES, address=f"dm:{turn.inbound.sender}")
    turn.session.flush()
    held = export_identity(turn.session, [turn.identity.id])
    counts = [(kind, len(rows)) for kind, rows in held.items()]
    return turn.whisper(
        "rights/erase_sure", counts=dict(counts), serves=bool(turn.person is not None and held.get("职务"))
    )


@router.step(ASKED_ERASE)
def erase_answered(turn: Turn) -> Reply | None:
    """确认 or 取消; anything else is something else."""
    wait, command = turn.waiting(), turn.reading.command
    if wait is None or command is None or command.verb not in ("yes", "no"):
        return None
    turn.settle(wait)
    if command.verb == "no":
        return turn.whisper("rights/erase_kept")
    gone = erase(turn.session, [turn.identity.id], turn.now)
    turn.mirror += [(conversation, None) for conversation in gone.waits]
    turn.dropped += gone.digests
    turn.roster_changed = True
    return turn.whisper(
        "rights/erased",
        issues=gone.issues,
        backings=gone.backings,
        messages=gone.messages,
        on_roster=gone.on_roster,
    )


@router.command("export_me")
def export_me(turn: Turn) -> Reply:
    """导出我的数据: everything held, readable, long lists cut with a count."""
    turn.session.flush()
    held = export_identity(turn.session, [turn.identity.id])
    parts = [
        (kind, [_readable(row) for row in rows[-SHOWN:]], max(0, len(rows) - SHOWN))
        for kind, rows in held.items()
        if rows
    ]
    categories = {key: category.name for key, category in turn.world.rules.categories.items()}
    return turn.whisper("rights/exported", parts=parts, categories=categories)


def _readable(row: dict[str, Any]) -> list[tuple[str, str]]:
    """The filled fields of one entry; moments without seconds and zone."""
    return [(name, _plain(value)) for name, value in row.items() if value not in (None, "", False)]


def _plain(value: Any) -> str:
    if value is True:
        return "true"
    if isinstance(value, datetime):
        return f"{value.astimezone(CHINA):%Y-%m-%d %H:%M}"
    words = " ".join(str(value).split())
    return words if len(words) <= 60 else words[:59] + "…"
