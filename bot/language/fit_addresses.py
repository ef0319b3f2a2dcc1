"""Fits the weights of addresses.yaml from labelled addresses: `python -m bot.language.fit_addresses
[--write]`.

A linear-chain conditional random field: the likelihood of the labelled readings, less a penalty that pulls
every weight
towards zero and most of them onto it, so that what stays can be read. Prints the cross-validated figures
first. Needs
NumPy and SciPy (they come with scikit-learn, a development dependency).
"""

# ruff: noqa: PLC0415, T201 - NumPy and SciPy are development dependencies; this is a command
from __future__ import annotations

import argparse
import re
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .addresses import LABELS, AddressGrammar, Item
from .evaluate import _part_value
from .fit import DATA
from .lexicon import load_lexicon
from .normalise import fold

FILE = Path(__file__).resolve().parents[2] / "config" / "lexicon" / "addresses.yaml"

#: How strongly weights are pulled to zero, absolutely (most end on it) and squared; chosen by
#: cross-validation.
SPARSE, PULL = 2.0, 0.1
#: A circumstance seen more rarely says nothing.
RARE = 5
#: A weight smaller than this is left out of the file.
SMALL = 0.05
#: What is added in favour of a part: one left out has to be asked for, one too many is corrected with the
#: confirmation.
LEAN = {"building": 1.0, "unit": 0.5, "room": 0.5}

_LABEL_OF = {
    "houseno": "building",
    "cellno": "unit",
    "roomno": "room",
    "floorno": "floor",
    "roadno": "road",
    "subroadno": "road",
}
_PARTS = ("houseno", "cellno", "roomno")
_Weights = dict[str, dict[str, float]]


@dataclass(frozen=True, slots=True)
class Case:
    """One labelled address: its items, their features and labels, and the parts that should come out."""

    items: list[Item]
    features: list[list[str]]
    labels: list[int]
    parts: tuple[str, ...]


def cases(grammar: AddressGrammar, data: Path = DATA) -> list[Case]:
    """The labelled addresses as the grammar cuts them."""
    found = []
    for line in (data / "addresses_dev.tsv").read_text("utf-8").splitlines()[1:]:
        fields = line.split("\t")
        text, kinds, parts = "", [], dict.fromkeys(_PARTS, "")
        for part in fields[4].split("|"):
            key, _, value = part.partition("=")
            if key in parts and not parts[key]:
                parts[key] = _part_value(value)
            text += fold(value)
            kinds += [_LABEL_OF.get(key, "none")] * len(fold(value))
        items = grammar.items(text)
        labels = [LABELS.index(Counter(kinds[item.start : item.stop]).most_common(1)[0][0]) for item in items]
        found.append(Case(items, grammar.features(items), labels, tuple(parts.values())))
    return found


def fit(found: Sequence[Case], *, sparse: float = SPARSE, pull: float = PULL) -> tuple[_Weights, _Weights]:  # noqa: PLR0915 - forward, backward and gradient belong together
    """The weights of the circumstances and of the steps from one label to the next."""
    import numpy as np
    from scipy.optimize import minimize
    from scipy.sparse import csr_matrix

    found = sorted((case for case in found if case.items), key=lambda case: -len(case.items))
    seen = Counter(feature for case in found for features in case.features for feature in features)
    names = sorted(feature for feature, count in seen.items() if count >= RARE)
    joins = sorted({item.join for case in found for item in case.items})
    column, step = {name: at for at, name in enumerate(names)}, {join: at for at, join in enumerate(joins)}
    size = len(LABELS)
    lengths = np.array([len(case.items) for case in found])
    longest = int(lengths[0])
    # Addresses lie side by side, the longest first, so that those that reach place t are the first
    # `reach[t]`.
    reach = [int((lengths > at).sum()) for at in range(longest)]
    places = [
        (number * longest + at, row)
        for number, case in enumerate(found)
        for at, row in enumerate(case.features)
    ]
    entries = [(place, column[name]) for place, row in places for name in row if name in column]
    rows, columns = zip(*entries, strict=True)
    matrix = csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(len(found) * longest, len(names)))
    joined = np.array(
        [[step[item.join] for item in case.items] + [0] * (longest - len(case.items)) for case in found]
    )
    wanted = np.zeros((len(found) * longest, size))
    steps_wanted = np.zeros((len(joins), size, size))
    for number, case in enumerate(found):
        for at, label in enumerate(case.labels):
            wanted[number * longest + at, label] = 1
            if at:
                steps_wanted[joined[number, at], case.labels[at - 1], label] += 1
    target = np.concatenate([np.asarray(matrix.T @ wanted).ravel(), steps_wanted.ravel()])
    split = len(names) * size

    def summed(values: Any, axis: int) -> Any:
        top = values.max(axis=axis, keepdims=True)
        return np.squeeze(top, axis) + np.log(np.exp(values - top).sum(axis=axis))

    def loss(both: Any) -> tuple[float, Any]:
        theta = both[: len(target)] - both[len(target) :]
        scores = np.asarray(matrix @ theta[:split].reshape(-1, size)).reshape(len(found), longest, size)
        moves = theta[split:].reshape(len(joins), size, size)
        ahead, behind = scores.copy(), np.zeros_like(scores)
        for at in range(1, longest):
            live = reach[at]
            ahead[:live, at] += summed(ahead[:live, at - 1, :, None] + moves[joined[:live, at]], 1)
        total = summed(ahead[np.arange(len(found)), lengths - 1], 1)
        expected = np.zeros_like(moves)
        for at in range(longest - 1, 0, -1):
            live = reach[at]
            onward = moves[joined[:live, at]] + (scores[:live, at] + behind[:live, at])[:, None, :]
            behind[:live, at - 1] = summed(onward, 2)
            np.add.at(
                expected,
                joined[:live, at],
                np.exp(ahead[:live, at - 1, :, None] + onward - total[:live, None, None]),
            )
        chances = (
            np.exp(ahead + behind - total[:, None, None])
            * (np.arange(longest) < lengths[:, None])[:, :, None]
        )
        gradient = (
            np.concatenate([np.asarray(matrix.T @ chances.reshape(-1, size)).ravel(), expected.ravel()])
            - target
            + pull * theta
        )
        value = float(total.sum() - theta @ target + 0.5 * pull * theta @ theta + sparse * both.sum())
        return value, np.concatenate([gradient + sparse, sparse - gradient])

    result = minimize(
        loss,
        np.zeros(2 * len(target)),
        jac=True,
        method="L-BFGS-B",
        bounds=[(0, None)] * (2 * len(target)),
        options={"maxiter": 250},
    )
    theta = result.x[: len(target)] - result.x[len(target) :]
    weights: _Weights = {label: {} for label in LABELS}
    for (at, second), value in np.ndenumerate(theta[:split].reshape(-1, size)):
        if abs(value) >= SMALL:
            weights[LABELS[second]][names[at]] = round(float(value), 2)
    for part, more in LEAN.items():
        weights[part]["any"] = round(weights[part].get("any", 0.0) + more, 2)
    steps: _Weights = {join: {} for join in joins}
    for (at, first, second), value in np.ndenumerate(theta[split:].reshape(len(joins), size, size)):
        if abs(value) >= SMALL:
            steps[joins[at]][f"{LABELS[first]} {LABELS[second]}"] = round(float(value), 2)
    return weights, steps


def figures(pairs: Iterable[tuple[tuple[str, ...], tuple[str, ...]]]) -> str:
    """How often each part is right where labelled, and absent ones too."""
    both = list(pairs)
    told = []
    for at, part in enumerate(("building", "unit", "room")):
        labelled = [want[at] == got[at] for want, got in both if want[at]]
        told.append(
            f"{part} {sum(labelled) / len(labelled):.3f} ({sum(want[at] == got[at] for want, got in both) / len(both):.3f} absent ones too)"
        )
    return ", ".join(told)


def read(grammar: AddressGrammar, found: Iterable[Case]) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """The wanted and the read parts of each case."""
    places = ((case, grammar.place(case.items, grammar.labels(case.items))) for case in found)
    return [
        (case.parts, (place.building or "", place.unit or "", place.room or "")) for case, place in places
    ]


def write(weights: _Weights, steps: _Weights, path: Path = FILE) -> None:
    """Replaces the weights in addresses.yaml, leaving words and comments as they are."""
    head = re.split(r"(?m)^# How much each", path.read_text("utf-8"))[0]
    lines = [
        head
        + "# How much each circumstance speaks for a reading (minus: against it). Written by fit_addresses.",
        "weights:",
    ]
    for title, table in (
        ("", weights),
        ("\n# How well one reading goes with the next, by what joins the two.\nsteps:", steps),
    ):
        if title:
            lines.append(title)
        for key, values in table.items():
            lines.append(f"  {key}:{'' if values else ' {}'}")
            lines += [
                f"    {name}: {value:g}"
                for name, value in sorted(values.items(), key=lambda pair: -abs(pair[1]))
            ]
    path.write_text("\n".join(lines) + "\n", "utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--write", action="store_true", help="write the weights into config/lexicon/addresses.yaml"
    )
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument(
        "--sparse", type=float, default=SPARSE, help="how strongly weights are pulled onto zero"
    )
    parser.add_argument(
        "--pull", type=float, default=PULL, help="how strongly large weights are pulled towards zero"
    )
    options = parser.parse_args(arguments)
    table = load_lexicon().addresses
    found = cases(AddressGrammar({**table, "weights": {}, "steps": {}}), options.data)
    held_out = []
    for fifth in range(5):
        weights, steps = fit(
            [case for at, case in enumerate(found) if at % 5 != fifth],
            sparse=options.sparse,
            pull=options.pull,
        )
        held_out += read(AddressGrammar({**table, "weights": weights, "steps": steps}), found[fifth::5])
    print("5-fold:", figures(held_out))
    weights, steps = fit(found, sparse=options.sparse, pull=options.pull)
    print("fitted:", figures(read(AddressGrammar({**table, "weights": weights, "steps": steps}), found)))
    print("weights:", sum(map(len, weights.values())), "and", sum(map(len, steps.values())), "for steps")
    if options.write:
        write(weights, steps)
    return 0


if __name__ == "__main__":
    sys.exit(main())
