"""What a report says: category, urgency, place; and the other intents."""

# ruff: noqa: PLC0415 - scikit-learn is a development dependency
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bot.language.lexicon import words_of
from bot.language.normalise import fold
from bot.language.reader import Reader
from bot.language.understanding import Understanding

from .figures import Figure, Row, fields_of, labelled, share

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
#: What boards put under building.
_BUILT = words_of(
    "housing_construction public_facilities illegal_building leak_drainage property_management parking_traffic "
    "water_power_gas elevator noise greening fire_safety sanitation"
)
#: The boards' own labels, only where they can be compared with ours.
BOARD = {
    "交通": ("parking_traffic",),
    "交通运输": ("parking_traffic", "business_tourism"),
    "环保": ("environment", "noise", "sanitation"),
    "环境保护": ("environment", "noise", "sanitation"),
    "治安": ("security", "noise", "neighbour_dispute"),
    **dict.fromkeys(("城建", "城乡建设"), _BUILT),
    "教育": ("education",),
    "教育文体": ("education", "culture_sports"),
    "医疗": ("health", "care"),
    "卫生计生": ("health", "care"),
    "劳动和社会保障": ("labour_social", "care"),
    "就业": ("labour_social",),
    "商贸旅游": ("business_tourism", "elevator", "property_management"),
}
PARTS = ("estate", "building", "unit", "room", "spot")


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


def content(rows: list[Row], reader: Reader, data: Path) -> None:
    """What is read of the group lines and the letters: intent, category, urgency, place."""
    group = labelled(data / "group_chat_dev.jsonl")
    readings = {row["id"]: reader.read(row["text"]) for row in group}
    reports = [row for row in group if row["intent"] == "report"]
    found = [row for row in reports if readings[row["id"]].intent == "report"]
    rows.append(
        share("intent, all of group chat", "", (readings[row["id"]].intent == row["intent"] for row in group))
    )
    for intent in ("endorse", "progress", "confirm", "contest", "help"):
        of = [row for row in group if row["intent"] == intent]
        rows.append(share(f"– {intent}", "", (readings[row["id"]].intent == intent for row in of)))
    trained = _category_baseline([row["text"] for row in reports], [row["category"] for row in reports])

    def right(row: dict[str, Any], said: str | None, *, loose: bool) -> bool:
        return said == row["category"] or (loose and said in row["also_ok"])

    for loose, target in ((False, ""), (True, "≥ 0.92")):
        name = f"category of reports found, {'with alternatives' if loose else 'strict'}"
        ours = share(name, target, (right(row, readings[row["id"]].category, loose=loose) for row in found))
        pairs = zip(reports, trained, strict=True)
        theirs = share(name, target, (right(row, said, loose=loose) for row, said in pairs))
        rows.append(replace(ours, trained=theirs.ours))
    danger = [row for row in reports if row["urgency"] == "emergency"]
    said = [row for row in group if readings[row["id"]].urgency == "emergency"]
    rows += [
        share("emergencies recalled", "1.0", (readings[row["id"]].urgency == "emergency" for row in danger)),
        share("emergencies that were none", "", (row["urgency"] != "emergency" for row in said)),
        share(
            "urgency of reports found", "", (readings[row["id"]].urgency == row["urgency"] for row in found)
        ),
    ]
    _places(rows, reports, group, readings)
    _gold(rows, reader, data)
    _letters(rows, reader, data)


def _places(
    rows: list[Row],
    reports: Sequence[dict[str, Any]],
    group: Sequence[dict[str, Any]],
    readings: Mapping[str, Understanding],
) -> None:
    def pair(row: dict[str, Any], part: str) -> tuple[str | None, str | None]:
        want = row["place"].get(part)
        return fold(want) if want else None, readings[row["id"]].place.as_dict().get(part)

    def same(row: dict[str, Any], parts: Sequence[str]) -> bool:
        return all(want == got for want, got in (pair(row, part) for part in parts))

    for part in PARTS:
        pairs = [pair(row, part) for row in reports]
        rows.append(
            share(f"place of reports: {part}", "≥ 0.97", (want == got for want, got in pairs if want or got))
        )
    exact = "place of reports: estate, building, unit, room all exact"
    rows += [
        share(exact, "≥ 0.97", (same(row, PARTS[:4]) for row in reports)),
        share("place of reports: whole, spot too", "", (same(row, PARTS) for row in reports)),
        share("place of all lines: whole", "", (same(row, PARTS) for row in group)),
    ]


def _gold(rows: list[Row], reader: Reader, data: Path) -> None:
    gold = [fields for fields in fields_of(data / "gold_community_dev.tsv") if fields[4] == "1"]
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
    for fields in fields_of(data / "complaints_dev.tsv"):
        wanted = BOARD.get(fields[2])
        if wanted:
            by_source.setdefault(fields[1].split("_")[0], []).append(
                reader.read(f"{fields[3]}。{fields[4]}", mention=True).category in wanted
            )
    for source, hits in sorted(by_source.items()):
        rows.append(share(f"letters, board label compatible: {source}", "", hits))
