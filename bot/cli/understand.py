"""`yishiting understand`: JSON lines in, what was understood out; and how today's rules read what officers
once put right."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from typing import Annotated, Any

import typer

from bot.language import Reader
from bot.language.understanding import Gazetteer, Understanding


class Malformed(ValueError):
    """A line that cannot be read; the message says why."""


def understand(
    review: Annotated[
        bool, typer.Option("--review", help="不读输入，改为核对工作人员「改类」「不是诉求」改正过的诉求。")
    ] = False,
) -> None:
    """读入每行一个 JSON {"id", "text", …}，输出理解的结果，每行一个 JSON。"""
    if review:
        _review()
        return
    reader, gazetteers = Reader(), _Gazetteers()
    for raw in sys.stdin.buffer:
        if raw.strip():
            sys.stdout.write(answer(reader, gazetteers, raw) + "\n")
            sys.stdout.flush()


def answer(reader: Reader, gazetteers: _Gazetteers, raw: bytes) -> str:
    """One line for one line; what cannot be read is named and does not stop the rest."""
    asked: dict[str, Any] = {}
    try:
        asked = _object(raw)
        reading = reader.read(
            _of(asked, "text", str, None),
            mention=_of(asked, "mention", bool, False),
            now=_moment(asked.get("now")),
            gazetteer=gazetteers.of(_of(asked, "community", str, "")),
        )
    except Malformed as error:
        return json.dumps({"id": asked.get("id"), "error": str(error)}, ensure_ascii=False)
    return json.dumps({"id": asked.get("id"), **told(reading)}, ensure_ascii=False)


def _object(raw: bytes) -> dict[str, Any]:
    try:
        asked = json.loads(raw)
    except (ValueError, RecursionError):
        raise Malformed("not a line of JSON") from None
    if not isinstance(asked, dict):
        raise Malformed('not an object like {"id": "1", "text": "…"}')
    return asked


def told(reading: Understanding) -> dict[str, Any]:
    """A reading in the shape of contract.md."""
    result: dict[str, Any] = {
        "intent": reading.intent,
        "category": reading.category,
        "urgency": reading.urgency,
        "place": reading.place.as_dict(),
        "score": round(reading.score, 4),
        "why": list(reading.why),
    }
    return result | {
        name: value
        for name, value in (("poll", reading.poll), ("signup", reading.signup))
        if value is not None
    }


def _of(asked: dict[str, Any], name: str, kind: type, default: Any) -> Any:
    value = asked.get(name, default)
    if value is None and default is not None:
        return default
    if not isinstance(value, kind):
        raise Malformed(f"{name}: {'missing' if value is None else f'needs a {kind.__name__}'}")
    return value


def _moment(value: Any) -> datetime | None:
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise Malformed("now: a moment like 2026-11-23T09:00:00+08:00") from None
    if moment.tzinfo is None:
        raise Malformed("now: needs a time zone, like 2026-11-23T09:00:00+08:00")
    return moment


class _Gazetteers:
    """The place words of the communities that lines name; the database is opened at the first of them."""

    def __init__(self) -> None:
        self._known: dict[str, Gazetteer] | None = None

    def of(self, community: str) -> Gazetteer | None:
        if not community:
            return None
        if self._known is None:
            self._known = _read_gazetteers()
        if community not in self._known:
            raise Malformed(f"community: {community} is not on the roster")
        return self._known[community]


def _read_gazetteers() -> dict[str, Gazetteer]:
    # The database and its drivers cost most of a second: only for those who name a community.
    from bot.cli.opening import opened  # noqa: PLC0415
    from bot.operations.configuration import read_settings  # noqa: PLC0415
    from bot.turns.hearing import gazetteer_of  # noqa: PLC0415
    from models.people.find.directory import Directory  # noqa: PLC0415

    with opened(read_settings()) as session:
        return {info.name: gazetteer_of(info) for info in Directory(session).communities.values()}


def _review() -> None:
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from sqlalchemy import select  # noqa: PLC0415

    from bot.cli.opening import opened  # noqa: PLC0415
    from bot.operations.configuration import read_settings  # noqa: PLC0415
    from models.issues.tables import Correction, Issue  # noqa: PLC0415
    from models.things.tables import Thing  # noqa: PLC0415

    reader, console = Reader(), Console()
    query = (
        select(Thing.number, Issue.text, Correction.was, Correction.category)
        .join(Issue, Correction.issue_id == Issue.id)
        .join(Thing, Thing.id == Issue.id)
        .order_by(Correction.id)
    )
    with opened(read_settings()) as session:
        rows = list(session.execute(query).tuples())
    table = Table("编号", "原话", "当时读成", "工作人员改为", "现在读成", "")
    right = judged = 0
    for number, text, was, category in rows:
        said = category or "不是诉求"
        if text is None:
            table.add_row(f"#{number}", "（已删除）", was, said, "", "")
            continue
        reading = reader.read(text)
        now = reading.category or "其他" if reading.intent == "report" else "不是诉求"
        judged, right = judged + 1, right + (now == said)
        table.add_row(f"#{number}", text[:60], was, said, now, "对" if now == said else "不对")
    console.print(table)
    console.print(f"改正过 {len(rows)} 条，原话还在的 {judged} 条，现在读对 {right} 条。")
