"""Fits the weights of signs.yaml from development text: `python -m bot.language.measuring.fit [--write]`.

A logistic regression over the rules that fired, kept close to the hand-set sense of each rule: a rule that
speaks for a report never gets a negative weight and the other way round, and every weight is pulled towards a
prior, so that a rule seen three times cannot be worth ten. Needs NumPy and SciPy (they come with
scikit-learn, a development dependency).
"""

# ruff: noqa: PLC0415 - NumPy and SciPy are development dependencies; this is a command
from __future__ import annotations

import argparse
import json
import re
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.language.lexicon import Lexicon, load_lexicon
from bot.language.reader import Reader
from bot.language.reports.finder import AGAINST

#: The checkout, and the shared development data beside it.
ROOT = Path(__file__).resolve().parents[3]
DATA = ROOT.parent / "shared" / "data"
EXAMPLES = ROOT / "tests" / "language" / "examples.tsv"
#: Lines invented for the project, a file an author; their authors did not know the rules.
LINES = ROOT / "tests" / "language" / "lines"
SIGNS = ROOT / "config" / "lexicon" / "signs.yaml"
WORDS = ROOT / "config" / "lexicon" / "words.yaml"
#: Marks a feature that is a single word.
WORD = "word "

#: How strongly weights stay near their priors; chosen by cross-validation.
PULL = 0.5
#: How strongly a single word's weight stays near nothing, and the least weight that is kept.
WORD_PULL = 5.0
WORD_LEAST = 0.08
#: A word counts when so many lines have it.
WORD_LINES = 5

#: Numbers that are limits or shapes of the text, with the sign their weight may have (0: any).
_FREE = {
    "bias": 0,
    "short": -1,
    "tiny": -1,
    "long": 0,
    "formal": 1,
    "no_evidence": -1,
    "negated": -1,
    "framed": -1,
    "against_again": -1,
    "against_thrice": -1,
    "no_complaint": -1,
    "mention": 1,
}


@dataclass(frozen=True, slots=True)
class Case:
    """One labelled text: its weight in the fit and the group (author, source) it belongs to."""

    text: str
    report: bool
    weight: float
    group: str


def cases(data: Path = DATA) -> list[Case]:
    """The development text to fit on: group lines, hard chat lines, plain chat and our own invented
    examples."""
    found: list[Case] = []
    for number, line in enumerate((data / "group_chat_dev.jsonl").read_text("utf-8").splitlines()):
        row = json.loads(line)
        if row["intent"] in {"report", "chatter"}:
            found.append(Case(row["text"], row["intent"] == "report", 1.0, f"group{number % 5}"))
    for number, line in enumerate(EXAMPLES.read_text("utf-8").splitlines()[1:]):
        intent, _, text = line.split("\t")
        if intent not in {"report", "chatter"}:
            continue
        found.append(Case(text, intent == "report", 1.0, f"own{number % 5}"))
    for path in sorted(LINES.glob("*.jsonl")):
        for number, line in enumerate(path.read_text("utf-8").splitlines()):
            row = json.loads(line)
            if row["intent"] in {"report", "chatter"}:
                found.append(Case(row["text"], row["intent"] == "report", 1.0, f"{path.stem}{number % 5}"))
    for name, skip in (("chitchat_hard_dev.tsv", "ambiguous"), ("chitchat_dev.tsv", "")):
        hard = bool(skip)
        for number, line in enumerate((data / name).read_text("utf-8").splitlines()[1:]):
            fields = line.split("\t")
            label = fields[3] if hard else "not_report"
            if label != skip:
                found.append(
                    Case(
                        fields[2],
                        label == "report",
                        4.0 if hard else 0.5,
                        f"{fields[1].split(':')[0]}{number % 5}",
                    )
                )
    # Every fifth letter to a public board: what people write when they write at length.
    for number, line in enumerate((data / "complaints_dev.tsv").read_text("utf-8").splitlines()[1::5]):
        fields = line.split("\t")
        found.append(Case(f"{fields[3]}。{fields[4]}"[:300], True, 0.1, f"letter{number % 5}"))
    return found


_CHINESE = re.compile(r"[\u4e00-\u9fff]{1,4}")


def features(reader: Reader, text: str) -> dict[str, float]:
    """The features of one text as the reader sees them and its single words, empty when the plain scan
    already says chatter."""
    if not reader.glance(text):
        return {}
    evidence = reader.evidence(text)
    senses = reader.lexicon.senses
    words = (token for token in evidence.tokens if _CHINESE.fullmatch(token))
    # A topic's word is weighed by its rule only, or 电梯 would count against itself.
    return evidence.features | {
        WORD + token: 1.0 for token in words if all(sense.category is None for sense in senses.get(token, ()))
    }


def names(lexicon: Lexicon) -> list[str]:
    """Every feature that has a weight, in the order of signs.yaml."""
    return [
        *lexicon.signs,
        *(pair.name for pair in lexicon.pairs),
        *(name for name in lexicon.numbers if name not in {"threshold", "mention"}),
    ]


def bounds(name: str) -> tuple[float | None, float | None]:
    """The range a weight may take: its sign is a matter of meaning, not of data."""
    if name.startswith(WORD):
        return -2.0, 2.0
    direction = -1 if name in AGAINST else _FREE.get(name, 1)
    return (
        (None, None)
        if direction == 0
        else (0.0, 6.0)
        if name == "bare_outage"
        else (0.0, 4.0)
        if direction > 0
        else (-4.0, 0.0)
    )


def fit(
    reader: Reader,
    found: Sequence[Case],
    *,
    pull: float = PULL,
    known: Mapping[str, dict[str, float]] | None = None,
) -> dict[str, float]:
    """The fitted weights of rules and single words; `known` holds features computed before."""
    import numpy as np
    from scipy.optimize import minimize
    from scipy.sparse import csr_matrix

    fired = [(case, known[case.text] if known is not None else features(reader, case.text)) for case in found]
    fired = [(case, values) for case, values in fired if values]
    counts = Counter(name for _, values in fired for name in values if name.startswith(WORD))
    order = [*names(reader.lexicon), *(name for name, count in counts.items() if count >= WORD_LINES)]
    index = {name: at for at, name in enumerate(order)}
    cells = [
        (row, index[name], value)
        for row, (_, values) in enumerate(fired)
        for name, value in values.items()
        if name in index
    ]
    matrix = csr_matrix(
        ([value for _, _, value in cells], ([row for row, _, _ in cells], [at for _, at, _ in cells])),
        shape=(len(fired), len(order)),
    )
    wanted = np.array([1.0 if case.report else 0.0 for case, _ in fired])
    weights = np.array([case.weight for case, _ in fired])
    prior = np.array([_prior(name) for name in order])
    strength = np.array(
        [0.02 if name == "bias" else WORD_PULL if name.startswith(WORD) else pull for name in order]
    )

    def loss(theta: Any) -> tuple[float, Any]:
        z = np.clip(matrix @ theta, -30, 30)
        value = float(
            np.sum(weights * (np.logaddexp(0, z) - wanted * z))
            + 0.5 * np.sum(strength * (theta - prior) ** 2)
        )
        gradient = matrix.T @ (weights * (1 / (1 + np.exp(-z)) - wanted)) + strength * (theta - prior)
        return value, gradient

    result = minimize(loss, prior, jac=True, method="L-BFGS-B", bounds=[bounds(name) for name in order])
    fitted = {name: round(float(value), 2) for name, value in zip(order, result.x, strict=True)}
    return {
        name: value for name, value in fitted.items() if not name.startswith(WORD) or abs(value) >= WORD_LEAST
    }


def _prior(name: str) -> float:
    if name.startswith(WORD):
        return 0.0
    if name == "bare_outage":
        return 5.0  # the whole message is the trouble: nothing else can speak for it
    if name == "bias":
        return -4.0
    if name in {"short", "tiny", "negated", "framed", "against_again", "against_thrice", "no_complaint"}:
        return -0.5
    if name == "no_evidence":
        return -2.0
    if name == "formal":
        return 1.5
    return -1.2 if name in AGAINST else 0.6


def write(fitted: dict[str, float], path: Path = SIGNS) -> None:
    """Writes the weights into signs.yaml, leaving words, patterns and comments as they are, and those of
    single words into words.yaml."""
    write_words({name.removeprefix(WORD): value for name, value in fitted.items() if name.startswith(WORD)})
    text = path.read_text("utf-8")
    for name, value in fitted.items():
        if name.startswith(WORD):
            continue
        text, count = re.subn(rf"(?m)(^  {name}:\n    weight: )-?[\d.]+", rf"\g<1>{value}", text, count=1)
        if not count:
            text, count = re.subn(rf"(?m)(^  {name}: {{weight: )-?[\d.]+", rf"\g<1>{value}", text, count=1)
        if not count:
            text, count = re.subn(rf"(?m)(^  {name}: )-?[\d.]+", rf"\g<1>{value}", text, count=1)
        if not count:
            raise SystemExit(f"{path}: no weight for {name}")
    path.write_text(text, "utf-8")


def write_words(leanings: Mapping[str, float], path: Path = WORDS) -> None:
    """Writes what single words lean to, the strongest first, below the head of words.yaml."""
    head = path.read_text("utf-8").partition("leanings:")[0]
    lines = [
        f"  {word}: {weight}\n"
        for word, weight in sorted(leanings.items(), key=lambda item: (-abs(item[1]), item[0]))
    ]
    path.write_text(head + "leanings:\n" + "".join(lines), "utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--write", action="store_true", help="write the weights into config/lexicon/signs.yaml"
    )
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument(
        "--pull", type=float, default=PULL, help="how strongly weights stay near their priors"
    )
    options = parser.parse_args(arguments)
    reader = Reader(load_lexicon())
    fitted = fit(reader, cases(options.data), pull=options.pull)
    for name, value in fitted.items():
        if not name.startswith(WORD):
            print(f"{name:20} {value:+.2f}")
    if options.write:
        write(fitted)
    return 0


if __name__ == "__main__":
    sys.exit(main())
