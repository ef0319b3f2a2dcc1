"""Whether a line is a report: ours, ours cross-validated, a trained baseline and a rule of 35 words."""

# ruff: noqa: PLC0415, ARG001, ARG005 - scikit-learn is a development dependency; detectors share one signature
from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.language.lexicon import words_of
from bot.language.reader import Reader

from . import fit as fitting
from .figures import Figure, Row, fields_of, labelled

#: The plain rule an office would write first: one of these words makes a line a report.
KEYWORDS = words_of(
    "停水 停电 漏水 电梯 垃圾 噪音 扰民 路灯 井盖 乱停 占道 违建 消防 物业 投诉 反映 报修 坏了 "
    "堵塞 异味 臭 老鼠 蟑螂 绿化 门禁 监控 小偷 着火 燃气 下水道 积水 车位 维修 施工 楼道"
)


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


def detection(rows: list[Row], reader: Reader, found: Sequence[fitting.Case], data: Path) -> None:
    """How well reports are told from chatter; with cases to train on, beside the baselines."""
    detectors = [_ours(reader)]
    if found:
        detectors += [_crossed(reader, found), _trained(found), _keyword_rule()]
    group = labelled(data / "group_chat_dev.jsonl")
    hard = fields_of(data / "chitchat_hard_dev.tsv")
    chat = fields_of(data / "chitchat_dev.tsv")
    formal = fields_of(data / "complaints_dev.tsv")[:500]
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


def authors(rows: list[Row], reader: Reader, found: Sequence[fitting.Case]) -> None:
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
