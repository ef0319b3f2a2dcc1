"""Measures the reading on labelled text and prints one table: `yishiting-eval` (or `python -m
bot.language.measuring.evaluate`).

`--write` puts the table into docs/understanding.md. `--review FILE` scores corrections that officers made
(JSON lines with
`text`, `intent` and, for reports, `category`) in the same way. The baselines need scikit-learn, a development
dependency.
"""

# ruff: noqa: PLC0415, ARG001, ARG005 - scikit-learn is a development dependency; detectors share one signature
from __future__ import annotations

import argparse
import json
import math
import re
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from bot.language.forms.moments import span_length
from bot.language.lexicon import load_lexicon
from bot.language.normalise import fold, narrow
from bot.language.reader import Reader
from bot.language.understanding import Understanding

from . import fit as fitting

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "understanding.md"
#: The day on which the development vote lines were written (a Sunday).
NOW = datetime(2026, 11, 22, 10, 0)  # noqa: DTZ001 - people write local times
#: The plain rule an office would write first: one of these words makes a line a report.
KEYWORDS = (
    "停水",
    "停电",
    "漏水",
    "电梯",
    "垃圾",
    "噪音",
    "扰民",
    "路灯",
    "井盖",
    "乱停",
    "占道",
    "违建",
    "消防",
    "物业",
    "投诉",
    "反映",
    "报修",
    "坏了",
    "堵塞",
    "异味",
    "臭",
    "老鼠",
    "蟑螂",
    "绿化",
    "门禁",
    "监控",
    "小偷",
    "着火",
    "燃气",
    "下水道",
    "积水",
    "车位",
    "维修",
    "施工",
    "楼道",
)
#: gold_community's Chinese categories → ours (README of the data).
GOLD = {
    "噪声": ("noise",),
    "停车交通": ("parking_traffic",),
    "公共设施": ("public_facilities", "elevator", "leak_drainage", "culture_sports"),
    "环境卫生": ("sanitation", "greening", "environment"),
    "物业管理": ("property_management",),
    "违建": ("illegal_building",),
    "供水供电供气": ("water_power_gas",),
    "消防安全": ("fire_safety",),
    "邻里纠纷": ("neighbour_dispute",),
    "养老民生": ("care",),
    "其他": ("other",),
}
#: The boards' own labels, only where they can be compared with ours.
BOARD = {
    "交通": ("parking_traffic",),
    "交通运输": ("parking_traffic", "business_tourism"),
    "环保": ("environment", "noise", "sanitation"),
    "环境保护": ("environment", "noise", "sanitation"),
    "治安": ("security", "noise", "neighbour_dispute"),
    "城建": (
        "housing_construction",
        "public_facilities",
        "illegal_building",
        "leak_drainage",
        "property_management",
        "parking_traffic",
        "water_power_gas",
        "elevator",
        "noise",
        "greening",
        "fire_safety",
        "sanitation",
    ),
    "城乡建设": (
        "housing_construction",
        "public_facilities",
        "illegal_building",
        "leak_drainage",
        "property_management",
        "parking_traffic",
        "water_power_gas",
        "elevator",
        "noise",
        "greening",
        "fire_safety",
        "sanitation",
    ),
    "教育": ("education",),
    "教育文体": ("education", "culture_sports"),
    "医疗": ("health", "care"),
    "卫生计生": ("health", "care"),
    "劳动和社会保障": ("labour_social", "care"),
    "就业": ("labour_social",),
    "商贸旅游": ("business_tourism", "elevator", "property_management"),
}
PARTS = ("estate", "building", "unit", "room", "spot")


@dataclass(frozen=True, slots=True)
class Figure:
    """A share with its Wilson interval."""

    hits: int
    total: int

    @property
    def share(self) -> float:
        """hits / total, 0 for nothing."""
        return self.hits / self.total if self.total else 0.0

    def interval(self) -> tuple[float, float]:
        """The 95 % Wilson interval."""
        if not self.total:
            return 0.0, 1.0
        z, n, p = 1.96, self.total, self.share
        middle = (p + z * z / (2 * n)) / (1 + z * z / n)
        half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
        return max(0.0, middle - half), min(1.0, middle + half)

    def __str__(self) -> str:
        low, high = self.interval()
        return f"{self.share:.3f} ({self.hits}/{self.total}, {low:.3f}–{high:.3f})"

    def per_thousand(self) -> str:
        """As false alarms per 1,000 lines."""
        low, high = self.interval()
        return f"{1000 * self.share:.2f} ({self.hits}/{self.total}, {1000 * low:.2f}–{1000 * high:.2f})"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: our figure and, where there is one, each baseline's."""

    name: str
    target: str
    ours: str
    crossed: str = ""
    trained: str = ""
    keywords: str = ""


def _lines(path: Path) -> list[list[str]]:
    return [line.split("\t") for line in path.read_text("utf-8").splitlines()[1:]]


def _json(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


# ── detection ─────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Detector:
    """Says of a text, given the fold that it is in, whether it is a report."""

    name: str
    decide: Callable[[str, str], bool]


def _ours(reader: Reader) -> Detector:
    known: dict[str, bool] = {}

    def decide(text: str, group: str) -> bool:
        if text not in known:
            known[text] = reader.read(text).intent == "report"
        return known[text]

    return Detector("ours", decide)


def _crossed(reader: Reader, found: Sequence[fitting.Case]) -> Detector:
    """Ours with weights fitted on the other four fifths only."""
    known = {case.text: fitting.features(reader, case.text) for case in found}
    threshold = reader.lexicon.numbers["threshold"]
    weights = {}
    for fold_name in "01234":
        rest = [case for case in found if not case.group.endswith(fold_name)]
        weights[fold_name] = fitting.fit(reader, rest, known=known)

    def decide(text: str, group: str) -> bool:
        features = known.get(text)
        if features is None:
            features = fitting.features(reader, text)
        chosen = weights[group[-1] if group[-1:] in weights else "0"]
        alarm = reader.read(text).alarm is not None
        return alarm or (
            bool(features)
            and sum(chosen.get(name, 0.0) * value for name, value in features.items()) >= threshold
        )

    return Detector("ours, crossed", decide)


def _trained(found: Sequence[fitting.Case]) -> Detector:
    """TF-IDF character n-grams and logistic regression, each fifth judged by a model of the other four."""
    models = {name: _model([case for case in found if not case.group.endswith(name)]) for name in "01234"}
    cache: dict[tuple[str, str], bool] = {}

    def decide(text: str, group: str) -> bool:
        fold_name = group[-1] if group[-1:] in models else "0"
        if (text, fold_name) not in cache:
            cache[text, fold_name] = models[fold_name](text)
        return cache[text, fold_name]

    return Detector("TF-IDF + LR", decide)


def _keyword_rule() -> Detector:
    return Detector("35 words", lambda text, group: any(word in text for word in KEYWORDS))


def _detection(rows: list[Row], detectors: Sequence[Detector], data: Path) -> None:
    group = _json(data / "group_chat_dev.jsonl")
    hard = _lines(data / "chitchat_hard_dev.tsv")
    chat = _lines(data / "chitchat_dev.tsv")
    formal = _lines(data / "complaints_dev.tsv")[:500]
    figures: dict[str, list[str]] = {}

    def put(name: str, value: str) -> None:
        figures.setdefault(name, []).append(value)

    for detector in detectors:
        caught = {row["id"]: detector.decide(row["text"], f"group{at % 5}") for at, row in enumerate(group)}
        reports = [row for row in group if row["intent"] == "report"]
        chatter = [row for row in group if row["intent"] == "chatter"]
        true = sum(caught[row["id"]] for row in reports)
        false = sum(caught[row["id"]] for row in chatter)
        recall = Figure(true, len(reports))
        put("report recall, group chat", str(recall))
        put("precision among group chat's hard negatives", str(Figure(true, true + false)))
        by_source: dict[str, list[bool]] = {}
        for at, (_, source, text) in enumerate(chat):
            by_source.setdefault(source.split(":")[0], []).append(detector.decide(text, f"chat{at % 5}"))
        everything = [hit for hits in by_source.values() for hit in hits]
        put("false alarms per 1,000, chitchat", Figure(sum(everything), len(everything)).per_thousand())
        for source, hits in sorted(by_source.items()):
            put(f"– {source}", Figure(sum(hits), len(hits)).per_thousand())
        labels: dict[str, list[bool]] = {"report": [], "ambiguous": [], "not_report": []}
        for at, fields in enumerate(hard):
            labels[fields[3]].append(detector.decide(fields[2], f"hard{at % 5}"))
        yes, maybe, no = (sum(labels[key]) for key in ("report", "ambiguous", "not_report"))
        put("hard chat lines: not_report taken for reports", str(Figure(no, len(labels["not_report"]))))
        put("hard chat lines: precision, ambiguous as wrong", str(Figure(yes, yes + maybe + no)))
        put("hard chat lines: precision, ambiguous as right", str(Figure(yes + maybe, yes + maybe + no)))
        put("hard chat lines: recall of report", str(Figure(yes, len(labels["report"]))))
        alarm = sum(everything) / len(everything)
        expected = 0.03 * recall.share / (0.03 * recall.share + 0.97 * alarm) if recall.share else 0.0
        put("expected precision at 3 % reports", f"{expected:.3f}")
        put(
            "letters to public boards taken for reports (500)",
            str(
                Figure(
                    sum(
                        detector.decide(f"{row[3]} {row[4]}", f"letter{at % 5}")
                        for at, row in enumerate(formal)
                    ),
                    len(formal),
                )
            ),
        )
    targets = {
        "report recall, group chat": "≥ 0.95",
        "precision among group chat's hard negatives": "≥ 0.90",
        "false alarms per 1,000, chitchat": "≤ 1",
        "hard chat lines: not_report taken for reports": "≤ 0.05",
    }
    for name, values in figures.items():
        rows.append(Row(name, targets.get(name, ""), *values))


def _authors(rows: list[Row], reader: Reader, found: Sequence[fitting.Case]) -> None:
    """Lines of authors who did not know the rules; in the crossed columns weights and baseline never saw the
    author judged."""
    known = {case.text: fitting.features(reader, case.text) for case in found}
    threshold = reader.lexicon.numbers["threshold"]
    ours, rule = _ours(reader), _keyword_rule()
    for author in ["group", *(path.stem for path in sorted(fitting.LINES.glob("*.jsonl")))]:
        own = [case for case in found if case.group[:-1] == author]
        rest = [case for case in found if case.group[:-1] != author]
        weights = fitting.fit(reader, rest, known=known)
        model = _model(rest)

        def crossed(text: str, weights: dict[str, float] = weights) -> bool:
            fired = known[text]
            return (
                bool(fired)
                and sum(weights.get(name, 0.0) * value for name, value in fired.items()) >= threshold
            ) or reader.read(text).alarm is not None

        detectors: list[Callable[[str], bool]] = [
            lambda text: ours.decide(text, ""),
            crossed,
            model,
            lambda text: rule.decide(text, ""),
        ]
        hits = [[detector(case.text) for case in own] for detector in detectors]
        wrong = [case.report for case in own]
        recall = [
            str(Figure(sum(a and b for a, b in zip(said, wrong, strict=True)), sum(wrong))) for said in hits
        ]
        precision = [
            str(Figure(sum(a and b for a, b in zip(said, wrong, strict=True)), sum(said))) for said in hits
        ]
        name = (
            "group chat, author left out"
            if author == "group"
            else f"invented lines, {author}, author left out"
        )
        rows.append(Row(f"{name}: recall", "", *recall))
        rows.append(Row(f"{name}: precision", "", *precision))


def _model(found: Sequence[fitting.Case]) -> Callable[[str], bool]:
    """TF-IDF character n-grams and logistic regression trained on these cases."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    vectorizer = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), min_df=2, sublinear_tf=True)
    model = LogisticRegression(C=20, max_iter=300)
    model.fit(
        vectorizer.fit_transform([case.text for case in found]),
        [case.report for case in found],
        sample_weight=[1.0 if case.weight >= 1.0 else 0.25 for case in found],
    )
    return lambda text: bool(model.predict_proba(vectorizer.transform([text]))[0, 1] >= 0.5)


# ── what a report says ────────────────────────────────────────────────────────────────────────────


def _category_baseline(texts: Sequence[str], labels: Sequence[str]) -> list[str]:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    said = [""] * len(texts)
    for part in range(5):
        rest = [at for at in range(len(texts)) if at % 5 != part]
        model = make_pipeline(
            TfidfVectorizer(analyzer="char", ngram_range=(1, 3), sublinear_tf=True),
            LogisticRegression(C=20, max_iter=500),
        )
        model.fit([texts[at] for at in rest], [labels[at] for at in rest])
        held = [at for at in range(len(texts)) if at % 5 == part]
        for at, label in zip(held, model.predict([texts[at] for at in held]), strict=True):
            said[at] = str(label)
    return said


def _content(rows: list[Row], reader: Reader, data: Path) -> None:
    group = _json(data / "group_chat_dev.jsonl")
    readings = {row["id"]: reader.read(row["text"]) for row in group}
    reports = [row for row in group if row["intent"] == "report"]
    found = [row for row in reports if readings[row["id"]].intent == "report"]
    intents = sum(readings[row["id"]].intent == row["intent"] for row in group)
    rows.append(Row("intent, all of group chat", "", str(Figure(intents, len(group)))))
    for intent in ("endorse", "progress", "confirm", "contest", "help"):
        of = [row for row in group if row["intent"] == intent]
        rows.append(
            Row(
                f"– {intent}",
                "",
                str(Figure(sum(readings[row["id"]].intent == intent for row in of), len(of))),
            )
        )
    baseline = dict(
        zip(
            (row["id"] for row in reports),
            _category_baseline([row["text"] for row in reports], [row["category"] for row in reports]),
            strict=True,
        )
    )

    def right(row: dict[str, Any], said: str | None, *, loose: bool) -> bool:
        return said == row["category"] or (loose and said in row["also_ok"])

    for loose, target in ((False, ""), (True, "≥ 0.92")):
        ours = Figure(sum(right(row, readings[row["id"]].category, loose=loose) for row in found), len(found))
        theirs = Figure(sum(right(row, baseline[row["id"]], loose=loose) for row in reports), len(reports))
        rows.append(
            Row(
                f"category of reports found, {'with alternatives' if loose else 'strict'}",
                target,
                str(ours),
                "",
                str(theirs),
            )
        )
    emergencies = [row for row in reports if row["urgency"] == "emergency"]
    rows.append(
        Row(
            "emergencies recalled",
            "1.0",
            str(
                Figure(
                    sum(readings[row["id"]].urgency == "emergency" for row in emergencies), len(emergencies)
                )
            ),
        )
    )
    said = [row for row in group if readings[row["id"]].urgency == "emergency"]
    rows.append(
        Row(
            "emergencies that were none",
            "",
            str(Figure(sum(row["urgency"] != "emergency" for row in said), len(said))),
        )
    )
    rows.append(
        Row(
            "urgency of reports found",
            "",
            str(Figure(sum(readings[row["id"]].urgency == row["urgency"] for row in found), len(found))),
        )
    )
    for part in PARTS:
        pairs = [(row["place"].get(part), readings[row["id"]].place.as_dict().get(part)) for row in reports]
        named = [(fold(want) if want else None, got) for want, got in pairs if want or got]
        rows.append(
            Row(
                f"place of reports: {part}",
                "≥ 0.97",
                str(Figure(sum(want == got for want, got in named), len(named))),
            )
        )

    def same(row: dict[str, Any], parts: Iterable[str]) -> bool:
        got = readings[row["id"]].place.as_dict()
        return all(
            (fold(row["place"][part]) if part in row["place"] else None) == got.get(part) for part in parts
        )

    rows.append(
        Row(
            "place of reports: estate, building, unit, room all exact",
            "≥ 0.97",
            str(Figure(sum(same(row, PARTS[:4]) for row in reports), len(reports))),
        )
    )
    rows.append(
        Row(
            "place of reports: whole, spot too",
            "",
            str(Figure(sum(same(row, PARTS) for row in reports), len(reports))),
        )
    )
    rows.append(
        Row("place of all lines: whole", "", str(Figure(sum(same(row, PARTS) for row in group), len(group))))
    )
    _gold(rows, reader, data)
    _letters(rows, reader, data)


def _gold(rows: list[Row], reader: Reader, data: Path) -> None:
    gold = [fields for fields in _lines(data / "gold_community_dev.tsv") if fields[4] == "1"]
    texts = [f"{fields[7]}。{fields[8]}" for fields in gold]
    readings = [reader.read(text, mention=True) for text in texts]
    theirs = _category_baseline(texts, [fields[5] for fields in gold])
    for loose, target in ((False, ""), (True, "≥ 0.85")):
        hits = lost = 0
        for fields, reading, other in zip(gold, readings, theirs, strict=True):
            names = [fields[5], *(fields[6].split("|") if loose else [])]
            names = [name.strip() for name in names if name.strip()]
            hits += any(reading.category in GOLD.get(name, ()) for name in names)
            lost += other in names
        rows.append(
            Row(
                f"category, community-level letters, {'with alternatives' if loose else 'strict'}",
                target,
                str(Figure(hits, len(gold))),
                "",
                str(Figure(lost, len(gold))),
            )
        )


def _letters(rows: list[Row], reader: Reader, data: Path) -> None:
    by_source: dict[str, list[bool]] = {}
    for fields in _lines(data / "complaints_dev.tsv"):
        wanted = BOARD.get(fields[2])
        if wanted:
            by_source.setdefault(fields[1].split("_")[0], []).append(
                reader.read(f"{fields[3]}。{fields[4]}", mention=True).category in wanted
            )
    for source, hits in sorted(by_source.items()):
        rows.append(Row(f"letters, board label compatible: {source}", "", str(Figure(sum(hits), len(hits)))))


# ── votes, sign-ups ───────────────────────────────────────────────────────────────────────────────


def _same_end(gold: str | None, got: object) -> bool:
    if gold is None or got is None:
        return gold is None and got is None
    at = NOW + span_length(gold, NOW) if gold.startswith("P") else datetime.fromisoformat(gold)
    said = str(got)
    end = NOW + span_length(said, NOW) if said.startswith("P") else datetime.fromisoformat(said)
    return abs(at - end) < timedelta(minutes=1)


def _votes(rows: list[Row], reader: Reader, data: Path) -> None:
    lines = _json(data / "polls_dev.jsonl")
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


def _signups(rows: list[Row], reader: Reader, data: Path) -> None:
    hits = total = whole = titles = 0
    lines = _json(data / "jielong_dev.jsonl")
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


# ── the whole table ───────────────────────────────────────────────────────────────────────────────


def speed(reader: Reader, data: Path) -> float:
    """Group lines a second on one core, 97 of 100 of them chatter."""
    chat = [fields[2] for fields in _lines(data / "chitchat_dev.tsv")][:4850]
    group = [row["text"] for row in _json(data / "group_chat_dev.jsonl") if row["intent"] == "report"][:150]
    lines = [
        line
        for at, line in enumerate(chat)
        for line in ([line, group[at // 33]] if at % 33 == 0 and at // 33 < len(group) else [line])
    ]
    for line in lines[:500]:
        reader.read(line)
    began = time.perf_counter()
    for line in lines:
        reader.read(line)
    return len(lines) / (time.perf_counter() - began)


def measure(data: Path = fitting.DATA, *, baselines: bool = True) -> list[Row]:
    """The rows of the table."""
    reader = Reader(load_lexicon())
    rows: list[Row] = []
    detectors = [_ours(reader)]
    found = fitting.cases(data) if baselines else []
    if baselines:
        detectors += [_crossed(reader, found), _trained(found), _keyword_rule()]
    _detection(rows, detectors, data)
    if baselines:
        _authors(rows, reader, found)
    _content(rows, reader, data)
    _votes(rows, reader, data)
    _signups(rows, reader, data)
    rows.append(Row("group lines a second, one core", "≥ 10,000", f"{speed(reader, data):,.0f}"))
    return rows


def table(rows: Sequence[Row]) -> str:
    """The table as Markdown."""
    lines = [
        "| measure | target | ours | ours, cross-validated | TF-IDF + LR, cross-validated | 35-word rule |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| {row.name} | {row.target} | {row.ours} | {row.crossed} | {row.trained} | {row.keywords} |"
        for row in rows
    ]
    return "\n".join(lines)


def review(path: Path, reader: Reader | None = None) -> str:
    """What today's rules say of the corrections in a review list, one line per disagreement and a summary."""
    reader = reader or Reader()
    lines: list[str] = []
    right = total = 0
    for row in _json(path):
        reading: Understanding = reader.read(str(row["text"]))
        wanted = (row["intent"], row.get("category"))
        said = (reading.intent, reading.category if reading.intent == "report" else None)
        total += 1
        if said == wanted or (row["intent"] != "report" and reading.intent == row["intent"]):
            right += 1
        else:
            lines.append(
                f"{row.get('id', total)}: wanted {wanted[0]} {wanted[1] or ''}, read {said[0]} {said[1] or ''}: {'; '.join(reading.why[:5])}"
            )
    return "\n".join([*lines, f"{right} of {total} corrections are read as the officers said"])


MARK = "<!-- table: written by yishiting-eval -->"


def write(text: str, path: Path = DOCUMENT) -> None:
    """Puts the table between the marks of docs/understanding.md."""
    document = path.read_text("utf-8")
    before, _, rest = document.partition(MARK)
    _, _, after = rest.partition(MARK)
    path.write_text(f"{before}{MARK}\n\n{text}\n\n{MARK}{after}", "utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(
        prog="yishiting-eval", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--data", type=Path, default=fitting.DATA, help="the folder with the development data"
    )
    parser.add_argument("--write", action="store_true", help="write the table into docs/understanding.md")
    parser.add_argument(
        "--no-baselines", action="store_true", help="leave out the baselines and the cross-validation (quick)"
    )
    parser.add_argument("--review", type=Path, help="score a review list of corrections instead")
    options = parser.parse_args(arguments)
    if options.review:
        print(review(options.review))
        return 0
    if not options.data.is_dir():
        print(
            f"{options.data}: no such folder; the development data is not part of the project",
            file=sys.stderr,
        )
        return 2
    text = table(measure(options.data, baselines=not options.no_baselines))
    print(text)
    if options.write:
        write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
