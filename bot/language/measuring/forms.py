"""Votes and sign-ups: what is read of them."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path

from bot.language.forms.moments import span_length
from bot.language.normalise import narrow
from bot.language.reader import Reader

from .figures import Figure, Row, labelled

#: The day on which the development vote lines were written (a Sunday).
NOW = datetime(2026, 11, 22, 10, 0)  # noqa: DTZ001 - people write local times


def _same_end(gold: str | None, got: object) -> bool:
    if gold is None or got is None:
        return gold is None and got is None
    at = NOW + span_length(gold, NOW) if gold.startswith("P") else datetime.fromisoformat(gold)
    said = str(got)
    end = NOW + span_length(said, NOW) if said.startswith("P") else datetime.fromisoformat(said)
    return abs(at - end) < timedelta(minutes=1)


def votes(rows: list[Row], reader: Reader, data: Path) -> None:
    """Vote lines: title, options, end, who votes, and all of it."""
    lines = labelled(data / "polls_dev.jsonl")
    hits = dict.fromkeys(("title", "options", "closes", "unit", "whole"), 0)
    for row in lines:
        poll = reader.read(row["text"], now=NOW).poll or {}
        same = {
            "title": row["title"].rstrip("?？。") == poll.get("title"),
            "options": row["options"] == poll.get("options"),
            "closes": _same_end(row["closes"], poll.get("closes")),
            "unit": {"person": "resident"}.get(row["unit"], row["unit"]) == poll.get("unit") and bool(poll),
        }
        for key, right in same.items():
            hits[key] += right
        hits["whole"] += all(same.values())
    for key, count in hits.items():
        rows.append(
            Row(f"vote lines: {key}", "≥ 0.95" if key == "whole" else "", str(Figure(count, len(lines))))
        )


_NOISE = re.compile(r"[^\w+]|_")


def signups(rows: list[Row], reader: Reader, data: Path) -> None:
    """Sign-up lists: entries, whole lists, titles."""
    hits = total = whole = titles = 0
    lines = labelled(data / "jielong_dev.jsonl")
    for row in lines:
        signup = reader.read(row["text"]).signup or {"title": "", "entries": []}
        want = [
            (_NOISE.sub("", narrow(entry["name"])), _NOISE.sub("", narrow(entry["note"])))
            for entry in row["entries"]
        ]
        got = [(_NOISE.sub("", entry["name"]), _NOISE.sub("", entry["note"])) for entry in signup["entries"]]
        total += max(len(want), len(got))
        rest = list(got)
        for entry in want:
            if entry in rest:
                rest.remove(entry)
                hits += 1
        whole += want == got
        titles += _NOISE.sub("", narrow(row["title"])) == _NOISE.sub("", signup["title"])
    rows.append(Row("接龙: entries", "≥ 0.95", str(Figure(hits, total))))
    rows.append(Row("接龙: whole lists", "", str(Figure(whole, len(lines)))))
    rows.append(Row("接龙: titles", "", str(Figure(titles, len(lines)))))
