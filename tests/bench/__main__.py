"""`python -m tests.bench`: one interleaved run, a table, bench/results.json. `--quick` for a look, `--only
chatter,issues` for some parts.

The load generator is this process; every server is a process of its own on loopback. Each round measures each
thing once, in turn and the other way round in every second round, so that whatever else the machine does
meets all alike; figures are medians over the rounds, and ratios are medians of the ratios within a round.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import platform
import shutil
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tests.bench import roster, servers
from tests.bench.lines import PLAIN, chatter, reports
from tests.bench.load import CLOSED, OPEN, Run, closed_loop, open_loop, request

BUILDINGS, UNITS, FLOORS, DOORS = 60, 4, 10, 2
RESIDENTS = BUILDINGS * UNITS * FLOORS * DOORS
PARTS = ("chatter", "issues", "history", "language", "import")
PATH = "/sandbox/messages"
RESULTS = Path("bench/results.json")

#: Name → (at least or at most, figure): what the project set itself; a miss is shown, and is no failure of
#: the run.
TARGETS = {
    "chatter_vs_floor": (">=", 0.5),
    "issues_per_s": (">=", 200.0),
    "issue_latency_p99_ms": ("<=", 50.0),
    "issues_vs_self_at_200k": (">=", 1 / 1.3),
    "import_rows_per_s": (">=", 2_500.0),
    "language_start_s": ("<=", 2.0),
    "language_memory_mb": ("<=", 250.0),
}


@dataclass(slots=True)
class Plan:
    """How long everything takes."""

    rounds: int
    seconds: float
    latency_seconds: float
    history: int
    import_flats: int


FULL = Plan(rounds=5, seconds=3.0, latency_seconds=6.0, history=200_000, import_flats=25_000)
QUICK = Plan(rounds=2, seconds=1.5, latency_seconds=3.0, history=20_000, import_flats=2_500)


@dataclass(slots=True)
class Row:
    """One figure: every round's value, their median and spread."""

    name: str
    unit: str
    values: list[float]
    note: str = ""
    median: float = field(init=False)
    lowest: float = field(init=False)
    highest: float = field(init=False)

    def __post_init__(self) -> None:
        self.median, self.lowest, self.highest = (
            statistics.median(self.values),
            min(self.values),
            max(self.values),
        )


class Bench:
    """What the rounds share."""

    def __init__(self, plan: Plan, parts: list[str], scratch: Path) -> None:
        self.plan, self.parts, self.scratch = plan, parts, scratch
        self.values: dict[str, list[float]] = {}
        self.notes: dict[str, str] = {}
        self.units: dict[str, str] = {}
        self.run_id = f"{time.time_ns()}"
        self.count = itertools.count()
        self.talk, self.plain = chatter(), itertools.cycle(PLAIN)
        self.wrong: dict[int, Iterator[tuple[int, str]]] = {}
        self.posted: dict[int, int] = {}
        self.sound = True

    def note(self, name: str, unit: str, value: float, note: str = "") -> None:
        """One more value of a figure."""
        self.values.setdefault(name, []).append(value)
        self.units[name] = unit
        if note:
            self.notes[name] = note

    def say(self, line: str) -> None:
        """Progress, on standard error."""
        print(f"[{time.strftime('%H:%M:%S')}] {line}", file=sys.stderr, flush=True)

    # --- the load ---------------------------------------------------------------------------------

    def plain_line(self) -> bytes:
        """Somebody says what a glance dismisses."""
        return self.chatter_line(next(self.plain))

    def chatter_line(self, text: str | None = None) -> bytes:
        """Somebody says something in some group."""
        number = next(self.count)
        chat = f"g-{number % BUILDINGS + 1}" if number % 3 else "g-all"
        body = {
            "id": f"{self.run_id}-{number}",
            "chat": chat,
            "sender": f"p{number * 37 % RESIDENTS}",
            "text": text or next(self.talk),
        }
        return request(PATH, body)

    def issue_of(self, port: int) -> Callable[[], bytes]:
        """Reports for one server, no two of the same flat and trouble."""
        wrong = self.wrong.setdefault(port, reports(BUILDINGS, UNITS))

        def make() -> bytes:
            number = next(self.count)
            self.posted[port] = self.posted.get(port, 0) + 1
            building, text = next(wrong)
            return request(
                PATH,
                {
                    "id": f"{self.run_id}-{number}",
                    "chat": f"g-{building}",
                    "sender": f"p{number * 37 % RESIDENTS}",
                    "text": text,
                },
            )

        return make

    def judged(self, what: str, run: Run) -> Run:
        """A run whose answers are odd measures something else: say so and let the program fail."""
        if run.odd_count:
            self.sound = False
            self.say(
                f"{what}: {run.odd_count} of {run.answered} answers are not what they should be, e.g. {run.odd[0].decode(errors='replace')}"
            )
        return run


def silent(body: bytes) -> bool:
    """The answer to chatter."""
    return body == b'{"replies": []}'


def opened(body: bytes) -> bool:
    """A number in the group and a task for whoever must act."""
    return body.count(b'"sender": "bot"') >= 2 and b"#" in body


async def chatter_rounds(
    bench: Bench, bot: servers.Bot, floor: servers.Floor, fixed: servers.Floor, turn: int
) -> None:
    """Group lines a second: the bare handler, the bot, and the generator by itself."""
    rates: dict[str, Run] = {}
    order = [("floor", floor.port), ("bot", bot.port)]
    for name, port in [*(order if turn % 2 == 0 else order[::-1]), ("fixed", fixed.port)]:
        rates[name] = bench.judged(
            f"chatter {name}", await closed_loop(port, bench.chatter_line, bench.plan.seconds, silent)
        )
    bench.note("chatter_vs_floor", "ratio", rates["bot"].rate / rates["floor"].rate)
    bench.note(
        "chatter_lines_per_s",
        "/s",
        rates["bot"].rate,
        f"{CLOSED} connections; generator busy {rates['bot'].busy:.0%}",
    )
    plain = bench.judged(
        "chatter plain", await closed_loop(bot.port, bench.plain_line, bench.plan.seconds / 2, silent)
    )
    bench.note(
        "plain_lines_per_s",
        "/s",
        plain.rate,
        "only lines that the plain scan dismisses: the path without a reading",
    )
    bench.note("plain_vs_floor", "ratio", plain.rate / rates["floor"].rate)
    bench.note(
        "floor_lines_per_s",
        "/s",
        rates["floor"].rate,
        f"bare aiohttp handler; generator busy {rates['floor'].busy:.0%}",
    )
    bench.note(
        "generator_lines_per_s",
        "/s",
        rates["fixed"].rate,
        "the generator against a socket that answers fixed bytes",
    )


async def issue_rounds(
    bench: Bench, bots: list[servers.Bot], committer: servers.Committer, turn: int
) -> None:
    """Issues a second on an empty and on a full database, beside single-row commits."""
    names = ["issues_per_s", "issues_per_s_at_200k"]
    pairs = list(zip(names, bots, strict=False))
    rates: dict[str, float] = {}
    for name, bot in pairs if turn % 2 == 0 else pairs[::-1]:
        run = bench.judged(
            name, await closed_loop(bot.port, bench.issue_of(bot.port), bench.plan.seconds, opened)
        )
        rates[name] = run.rate
        bench.note(name, "/s", run.rate, f"{CLOSED} connections; generator busy {run.busy:.0%}")
    commits = await asyncio.to_thread(committer.rate, min(2.0, bench.plan.seconds))
    bench.note("commits_per_s", "/s", commits, "one ORM session, one row, one commit")
    bench.note("issues_vs_commit_floor", "ratio", rates[names[0]] / commits)
    if len(rates) == 2:
        bench.note(
            "issues_vs_self_at_200k",
            "ratio",
            rates[names[1]] / rates[names[0]],
            f"{bench.plan.history:,} issues already there",
        )


async def latency(bench: Bench, bots: list[servers.Bot]) -> None:
    """Open loop at half of what the empty database could do."""
    half = statistics.median(bench.values["issues_per_s"]) / 2
    for attempt in range(2):
        for suffix, bot in (
            zip(("", "_at_200k"), bots, strict=False)
            if attempt == 0
            else reversed(list(zip(("", "_at_200k"), bots, strict=False)))
        ):
            run = bench.judged(
                f"latency{suffix}",
                await open_loop(bot.port, bench.issue_of(bot.port), half, bench.plan.latency_seconds, opened),
            )
            bench.note(
                f"issue_latency_p99_ms{suffix}",
                "ms",
                run.percentile(0.99),
                f"open loop, {half:.0f}/s, up to {OPEN} at once",
            )
            bench.note(f"issue_latency_p50_ms{suffix}", "ms", run.percentile(0.5))


def written(bench: Bench, bot: servers.Bot, before: int) -> None:
    """Every report became an issue of its own with everything it writes, on disk."""
    counts = {}
    with sqlite3.connect(bot.home / "yishiting.db") as database:
        for table in ("issues", "assignments", "endorsements", "deadlines"):
            counts[table] = database.execute(
                f"SELECT count(*) FROM {table} WHERE id >= ?", (before,)
            ).fetchone()[0]
    database.close()
    posted = bench.posted.get(bot.port, 0)
    if any(count < posted for count in counts.values()):
        bench.sound = False
    bench.say(
        f"{posted} reports posted, on disk: "
        + ", ".join(f"{count} {table}" for table, count in counts.items())
    )


async def traffic(bench: Bench, base: Path) -> None:
    """Everything that needs a running server."""
    from models.base import new_id

    plan = bench.plan
    homes = [servers.copy(base, bench.scratch / "empty")]
    if "history" in bench.parts:
        homes.append(servers.copy(base, bench.scratch / "full"))
        began = time.perf_counter()
        rows = int(
            servers.python(
                "tests.bench.preload", servers.database(homes[1]), str(plan.history), home=homes[1]
            )
        )
        bench.say(
            f"{plan.history:,} issues with {rows:,} rows written in {time.perf_counter() - began:.0f} s"
        )
    bots = [servers.Bot(home) for home in homes]
    floor, fixed, committer = (
        servers.Floor("json", base),
        servers.Floor("bytes", base),
        servers.Committer(base),
    )
    before = new_id()
    try:
        for bot in bots:
            # Templates compiled, statements cached, pages of the file read: nobody measures the first second.
            bench.judged("warming up", await closed_loop(bot.port, bench.issue_of(bot.port), 1.0, opened))
        for turn in range(plan.rounds):
            if "chatter" in bench.parts:
                await chatter_rounds(bench, bots[0], floor, fixed, turn)
            if "issues" in bench.parts:
                await issue_rounds(bench, bots, committer, turn)
            bench.say(
                f"round {turn + 1} of {plan.rounds}: "
                + ", ".join(f"{n} {v[-1]:.4g}" for n, v in bench.values.items())
            )
        if "issues" in bench.parts:
            await latency(bench, bots)
        bench.note("server_memory_mb", "MB", bots[0].memory_mb(), "after all of it, one process")
        longest = await closed_loop(bots[0].port, lambda: _long(bench), 1.0, lambda _: True, connections=1)
        bench.note(
            "long_input_ms", "ms", 1000 / longest.rate, "a group line of 20,000 characters, through the API"
        )
        for bot in bots:
            written(bench, bot, before)
            if "Traceback" in bot.log() or '"error"' in bot.log():
                bench.sound = False
                bench.say(bot.log())
    finally:
        for stop in (*(bot.stop for bot in bots), floor.stop, fixed.stop, committer.stop):
            stop()


def _long(bench: Bench) -> bytes:
    text = "".join(itertools.islice(bench.talk, 3_000))[:20_000]
    return request(
        PATH, {"id": f"{bench.run_id}-{next(bench.count)}", "chat": "g-all", "sender": "p1", "text": text}
    )


def language(bench: Bench, base: Path) -> None:
    """The language part alone, a fresh process each time."""
    for _ in range(3):
        found = json.loads(servers.python("tests.bench.reading", str(bench.plan.seconds), home=base))
        bench.note(
            "understand_lines_per_s",
            "/s",
            found["lines_per_s"],
            f"3 % reports; {found['glanced']:.0%} of the talk needs more than a glance",
        )
        bench.note("language_start_s", "s", found["start_s"], "import, lexicon and the first reading")
        bench.note("language_memory_mb", "MB", found["memory_mb"])
        bench.note("understand_20000_characters_ms", "ms", found["long_ms"], "the slowest of several kinds")
        if "real_lines_per_s" in found:
            bench.note(
                "understand_real_lines_per_s",
                "/s",
                found["real_lines_per_s"],
                f"real talk; {found['real_glanced']:.0%} needs more than a glance",
            )


def imports(bench: Bench) -> None:
    """A large roster through `yishiting import --commit`, the program's start included."""
    flats = bench.plan.import_flats
    folder = bench.scratch / "large"
    rows = roster.write(folder / "roster", buildings=flats // 250, units=2, floors=25, doors=5)
    for attempt in range(2):
        home = bench.scratch / f"import{attempt}"
        home.mkdir()
        began = time.perf_counter()
        servers.command(home, "import", str(folder / "roster"), "--commit")
        seconds = time.perf_counter() - began
        bench.note("import_rows_per_s", "/s", rows / seconds, f"{rows:,} rows, start-up included")
        bench.note("import_seconds", "s", seconds)


def machine() -> dict[str, object]:
    """What it ran on."""
    model = ""
    if Path("/proc/cpuinfo").exists():
        model = next(
            (
                line.split(":", 1)[1].strip()
                for line in Path("/proc/cpuinfo").read_text().splitlines()
                if line.startswith("model name")
            ),
            "",
        )
    return {
        "system": f"{platform.system()} {platform.release()}",
        "processor": model or platform.processor(),
        "cores": os.cpu_count(),
        "load_at_end": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "at": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
    }


def report(bench: Bench) -> None:
    """The table, and the file."""
    rows = [
        Row(name, bench.units[name], values, bench.notes.get(name, ""))
        for name, values in bench.values.items()
    ]
    print(f"{'':32}{'median':>10}{'lowest':>10}{'highest':>10}  {'unit':<6}{'target':<12}")
    for row in rows:
        sign, wanted = TARGETS.get(row.name, ("", 0.0))
        met = row.median >= wanted if sign == ">=" else row.median <= wanted
        target = f"{sign} {wanted:.4g}{'' if met else ' MISSED'}" if sign else ""
        print(
            f"{row.name:<32}{row.median:>10.4g}{row.lowest:>10.4g}{row.highest:>10.4g}  {row.unit:<6}{target:<18}{row.note}"
        )
    RESULTS.parent.mkdir(exist_ok=True)
    found = {
        "machine": machine(),
        "ratios": {row.name: row.median for row in rows},
        "rows": [asdict(row) for row in rows],
    }
    RESULTS.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(f"written to {RESULTS}")


def main() -> int:
    """Measure what was asked for."""
    words = argparse.ArgumentParser(
        prog="python -m tests.bench",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    words.add_argument("--quick", action="store_true", help="a tenth of everything: a look, not a result")
    words.add_argument("--only", default=",".join(PARTS), help=f"some of {','.join(PARTS)}")
    words.add_argument("--rounds", type=int, help="how many rounds")
    chosen = words.parse_args()
    parts = [part for part in chosen.only.split(",") if part]
    if unknown := set(parts) - set(PARTS):
        words.error(f"unknown part {', '.join(sorted(unknown))}")
    plan = QUICK if chosen.quick else FULL
    plan.rounds = chosen.rounds or plan.rounds
    # Beside the project, so that the disk is the one that a real installation would have.
    Path("var").mkdir(exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix="bench-", dir="var")).absolute()
    bench = Bench(plan, parts, scratch)
    try:
        base = scratch / "base"
        base.mkdir()
        roster.write(scratch / "roster", buildings=BUILDINGS, units=UNITS, floors=FLOORS, doors=DOORS)
        servers.command(base, "import", str(scratch / "roster"), "--commit")
        if "language" in parts:
            bench.say("the language part")
            language(bench, base)
        if "import" in parts:
            bench.say("the import")
            imports(bench)
        if {"chatter", "issues", "history"} & set(parts):
            asyncio.run(traffic(bench, base))
        report(bench)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return 0 if bench.sound else 1


if __name__ == "__main__":
    sys.exit(main())
