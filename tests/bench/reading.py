"""The language part by itself, a process of its own: start-up, memory, lines a second, the longest input.
Prints one JSON line."""

from __future__ import annotations

import json
import resource
import sys
import time
from itertools import islice
from pathlib import Path
from typing import Any

from tests.bench.lines import chatter, mixed

SHARED = Path("../shared/data")


def _resident_mb() -> float:
    """Memory in use now, or its peak where the system does not tell (outside Linux)."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _rate(reader: Any, lines: list[str], seconds: float) -> float:
    began, done = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        for line in lines:
            reader.read(line)
        done += len(lines)
    return done / (time.perf_counter() - began)


def _shared() -> list[str]:
    """97 lines of real chat to 3 reports, where the data lies beside the checkout; never committed."""
    talk, wrong = SHARED / "chitchat_dev.tsv", SHARED / "group_chat_dev.jsonl"
    if not talk.exists() or not wrong.exists():
        return []
    said = [line.split("\t")[2] for line in talk.read_text(encoding="utf-8").splitlines()[1:9701]]
    rows = [json.loads(line) for line in wrong.read_text(encoding="utf-8").splitlines()]
    reports = [row["text"] for row in rows if row["intent"] == "report"]
    every = max(1, len(said) * 3 // 97)
    said += [reports[place % len(reports)] for place in range(every)]
    return said


def main(seconds: float) -> None:
    """Measure and print."""
    before = _resident_mb()
    began = time.perf_counter()
    from bot.language import Reader

    reader = Reader()
    reader.read("3栋电梯坏了")
    started, memory = time.perf_counter() - began, _resident_mb() - before
    lines = list(islice(mixed(), 5000))
    found: dict[str, Any] = {"start_s": started, "memory_mb": memory, "process_mb": _resident_mb()}
    found["lines_per_s"] = _rate(reader, lines, seconds)
    found["glanced"] = sum(map(reader.glance, islice(chatter(), 5000))) / 5000
    real = _shared()
    if real:
        found["real_lines_per_s"] = _rate(reader, real, seconds)
        found["real_glanced"] = sum(map(reader.glance, real)) / len(real)
    long = "".join(islice(mixed(9), 3000))[:20_000]
    random_like = "".join(chr(0x4E00 + place * 7919 % 20_000) for place in range(20_000))
    found["long_ms"] = max(
        _one(reader, text)
        for text in (
            long,
            random_like,
            "栋" * 20_000,
            "1" * 20_000,
            "@" * 20_000,
            "投票：" * 6_666,
            "\n1. 张三" * 3_000,
        )
    )
    print(json.dumps(found))


def _one(reader: Any, text: str) -> float:
    began = time.perf_counter()
    reader.read(text, mention=True)
    return (time.perf_counter() - began) * 1000


if __name__ == "__main__":
    main(float(sys.argv[1]))
