"""Votes, sign-ups and places in forms that their author wrote without knowing the rules (invented lines)."""

# ruff: noqa: DTZ001 - people write local times
from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from bot.language import Reader
from bot.language.forms.moments import span_length
from bot.language.normalise import fold

HERE = Path(__file__).parent
NOW = datetime(2026, 11, 22, 10, 0)  # the Sunday on which the lines were written


def lines(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (HERE / name).read_text("utf-8").splitlines()]


def bare(text: str | None) -> str:
    return re.sub(r"[\W_]", "", fold(text or ""))


def end(said: str | None) -> datetime | None:
    if said is None:
        return None
    return NOW + span_length(said, NOW) if said.startswith("P") else datetime.fromisoformat(said)


def test_vote_lines(reader: Reader) -> None:
    wrong = []
    rows = lines("polls.jsonl")
    for row in rows:
        poll = reader.read(row["text"], now=NOW).poll or {
            "title": "",
            "options": [],
            "closes": None,
            "unit": None,
        }
        unit = {"person": "resident"}.get(row["unit"], row["unit"])
        closes, wanted = end(poll["closes"]), end(row["closes"])
        same_end = (
            closes is None and wanted is None
            if closes is None or wanted is None
            else abs(closes - wanted) < timedelta(minutes=1)
        )
        same = (
            bare(poll["title"]) == bare(row["title"])
            and [*map(bare, poll["options"])] == [*map(bare, row["options"])]
            and poll["unit"] == unit
        )
        if not (same and same_end):
            wrong.append((row["text"], poll))
    # Of the two that differ one says 「截止 7日」, which may be a date, one asks in two clauses.
    assert len(wrong) <= 2, wrong


def test_sign_ups(reader: Reader) -> None:
    for row in lines("signups.jsonl"):
        signup = reader.read(row["text"]).signup
        assert signup is not None, row["text"]
        assert [(bare(e["name"]), bare(e["note"])) for e in signup["entries"]] == [
            (bare(e["name"]), bare(e["note"])) for e in row["entries"]
        ], row["text"]
        assert bare(signup["title"]) == bare(row["title"])


def test_places(reader: Reader) -> None:
    wrong = []
    rows = lines("places.jsonl")
    for row in rows:
        said = reader.read(row["text"], mention=True).place.as_dict()
        wanted = {part: fold(value) for part, value in row["place"].items()}
        numbers = [part for part in ("building", "unit", "room") if said.get(part) != wanted.get(part)]
        assert not numbers, (row["text"], said)
        if any(said.get(part) != wanted.get(part) for part in ("estate", "spot")):
            wrong.append((row["text"], wanted, said))
    assert len(wrong) <= len(rows) // 10, wrong
