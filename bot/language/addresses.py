"""Formal addresses (浙江省杭州市…路9号7号楼302): building, unit and room behind province, road and estate.

A formal address is cut into its numbers and the words between them; a small log-linear chain model, whose
weights stand
in config/lexicon/addresses.yaml, then says of each number whether it names a road number, building, unit,
floor or room.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import Any

from .lexicon import LexiconError, load_lexicon, words_of
from .numerals import NUMERAL, to_int
from .understanding import Place

#: What a number of an address may be.
LABELS = ("none", "road", "building", "unit", "floor", "room")

_FORMAL = re.compile(
    r"(?:省|市|自治区|[\u4e00-\u9fff](?:区|县|州|岛|桥|山|河|庭|阁|轩|墅|寓|馆|所|院|铺|店|厂|场|坊|屯|组|幢|栋|座|单元|室|镇|乡|街道|路|街|弄|巷|大道|村|苑|园|城|厦|广场|庭|府|湾|公寓|小区|里|坊|居|邸|郡|庄|社区|公司|中心|楼|院|市场|基地|新村|家园|工业区|园区|门))"
)
_TALK = re.compile(
    r"[。!?;\n]|[了吗呢吧啊嘛呀咯]|没有|坏|漏水|停水|停电|堵|吵|请问|我们|我家|我是|我住|你们|他们|怎么|什么|麻烦|谢谢|有人|扰|投诉|反映|问题|楼道|电梯|,.*,|报修|旁边的|这个|那个"
)
#: Without a province, a town or a road these short forms are what residents write; the talk's grammar reads
#: them.
_SHORT = re.compile(r"^\D{0,6}\d{1,3}(?:栋|幢|座|号楼|单元|-).{0,12}$")
#: A name and its numbers to the end (春城名苑12幢3-1502): an address, however short.
_WHOLE = re.compile(
    r"[\u4e00-\u9fff]{4,20}[A-Za-z]?\d{1,4}(?:(?:号楼|[栋幢座号]|单元)?-?[A-Za-z]?\d{1,4}){0,2}(?:号楼|[栋幢座]|单元|-)-?[A-Za-z]?\d{3,5}[室号]?$"
)
#: A number, or a letter or numeral that a mark makes one (A座, 七栋).
_NUMBERED = re.compile(rf"\d|[A-Za-z][栋幢座]|{NUMERAL}(?:号|栋|幢|座|单元|层|楼)")
#: Four characters of a name before the first number: 春城名苑5-2-301.
_NAMED = re.compile(r"\D{4,}[\dA-Za-z]")
#: Two numbers no farther apart are one range of shops.
_RANGE = 10
_ADMIN = re.compile(r"[省市区县镇乡]|街道|[路街巷弄]\d|大道")


def looks_formal(text: str) -> bool:
    """Whether folded `text` is one address and no sentence."""
    if len(text) > 80 or _TALK.search(text) or not _NUMBERED.search(text):
        return False
    if _WHOLE.match(text):
        return True
    return bool(
        _FORMAL.search(text) and (_ADMIN.search(text) or (_NAMED.match(text) and not _SHORT.match(text)))
    )


@dataclass(frozen=True, slots=True)
class Item:
    """One number, letter or numeral of an address and how it is joined to what stands in front."""

    name: str
    start: int
    stop: int
    #: Whether nothing follows but its mark.
    last: bool
    #: glued (A1215), hyphen (5-2), mark (5栋2) or words; the first item has words.
    join: str
    #: The mark behind (a key of `marks`), or bare.
    mark: str
    #: The kind of the words in front (a key of `kinds` or `marks`), start or word.
    after: str


class AddressGrammar:
    """Reads formal addresses with the words and weights of addresses.yaml; immutable after construction."""

    def __init__(self, table: Mapping[str, Any]) -> None:
        try:
            self._marks: dict[str, str] = {
                spelling: name
                for name, spellings in table["marks"].items()
                for spelling in words_of(spellings)
            }
            self._kinds: dict[str, str] = {
                ending: name for name, endings in table["kinds"].items() for ending in words_of(endings)
            }
            self._hyphens: str = table["hyphens"]
            hyphen, named, names, quantity = (
                f"[{re.escape(self._hyphens)}]",
                *(_any_of(words_of(table[key])) for key in ("named", "names", "quantities")),
            )
            self._weights = _table(table["weights"])
            self._steps = {join: _matrix(steps) for join, steps in table["steps"].items()}
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise LexiconError(f"addresses.yaml: {error!r}") from error
        self._longest = max(map(len, self._kinds))
        self._mark = re.compile(_any_of(self._marks))
        # A numeral that may be typed for a hyphen (一) is none between digits.
        self._name = re.compile(
            rf"(?<!\d)\d+(?!\d|{quantity})|(?<![A-Za-z])[A-Za-z]{{1,2}}(?![A-Za-z])|{names}(?={named})"
            rf"|(?!(?<=\d){hyphen}\d)(?:{NUMERAL}{{1,6}}(?={named})|(?<=\d){NUMERAL}{{1,4}}(?=\d))",
            re.ASCII,
        )

    def parse(self, text: str) -> Place:
        """The parts that folded `text` names; of several buildings or rooms the first counts."""
        items = self.items(text)
        return self.place(items, self.labels(items))

    def items(self, text: str) -> list[Item]:
        """The numbers, letters and numerals of `text` from left to right."""
        spans = [found.span() for found in self._name.finditer(text)]
        items = []
        end, mark = 0, ""
        for at, (start, stop) in enumerate(spans):
            gap = text[end:start]
            join = self._join(gap, mark) if at else "words"
            after = self._marks[mark] if join == "mark" else self._kind(gap.rstrip(self._hyphens))
            following = text[stop : spans[at + 1][0] if at + 1 < len(spans) else None]
            found = self._mark.match(following)
            mark = found[0] if found else ""
            last = at + 1 == len(spans) and not following[len(mark) :].strip(self._hyphens)
            items.append(
                Item(text[start:stop], start, stop, last, join, self._marks[mark] if mark else "bare", after)
            )
            end = stop
        return items

    def _join(self, gap: str, mark: str) -> str:
        if not gap:
            return "glued"
        if mark:
            return "words" if gap[len(mark) :].strip(self._hyphens) else "mark"
        return "words" if gap.strip(self._hyphens) else "hyphen"

    def _kind(self, words: str) -> str:
        if not words:
            return "start"
        for length in range(min(self._longest, len(words)), 0, -1):
            if kind := self._kinds.get(words[-length:]):
                return kind
        return "word"

    def labels(self, items: Sequence[Item]) -> list[int]:
        """The likeliest reading of the items as indexes into `LABELS` (Viterbi)."""
        if not items:
            return []
        best: list[float] = []
        back: list[list[int]] = []
        for item, features in zip(items, self.features(items), strict=True):
            scores = [0.0] * len(LABELS)
            for feature in features:
                if row := self._weights.get(feature):
                    scores = [score + weight for score, weight in zip(scores, row, strict=True)]
            if best:
                pointers = []
                for label, row in enumerate(self._steps.get(item.join) or _LEVEL):
                    reached = [score + weight for score, weight in zip(best, row, strict=True)]
                    top = max(reached)
                    pointers.append(reached.index(top))
                    scores[label] += top
                back.append(pointers)
            best = scores
        path = [best.index(max(best))]
        for pointers in reversed(back):
            path.append(pointers[path[-1]])
        return path[::-1]

    @staticmethod
    def features(items: Sequence[Item]) -> list[list[str]]:
        """For each item the circumstances that the weights are about."""
        found: list[list[str]] = []
        earlier: dict[str, None] = {}
        later = Counter(item.mark for item in items)
        for start, stop in _runs(items, ("glued", "hyphen")):
            later.subtract(item.mark for item in items[start:stop])
            after = f"after {items[start].after}"
            coming = [mark for mark, count in later.items() if count and mark != "bare"]
            around = [*(f"earlier {known}" for known in earlier), *(f"later {mark}" for mark in coming)]
            parts = list(_runs(items[start:stop], ("glued",)))
            for number, (low, high) in enumerate(parts, 1):
                run = items[start + low : start + high]
                spots = _spots(number, len(parts), run[-1].mark, items[stop - 1].mark)
                shared = ["any", after, *spots, *around, f"then {_follows(items, start + high)}"]
                if number > 1:
                    shared.append(f"behind {_size(items[start + low - 1].name)}")
                if any(_close(items, at) for at in (start + low - 1, start + high - 1)):
                    shared.append("range")
                shared += [f"{spots[0]}, {one}" for one in shared[1:] if one not in spots]
                shared += [f"{after}, {spot}" for spot in spots[1:]]
                form = "".join(_form(item.name) for item in run)
                for place, item in enumerate(run, 1):
                    sizes = [_size(item.name)]
                    if len(run) > 1:
                        sizes.append(f"{place} in {form}")
                    mixed = [
                        f"{one}, {size}"
                        for size in sizes
                        for one in (after, *spots, *around, f"{spots[0]}, {after}")
                    ]
                    found.append([*shared, *sizes, *mixed])
            earlier |= dict.fromkeys(
                [after, *(item.mark for item in items[start:stop] if item.mark != "bare")]
            )
        return found

    @staticmethod
    def place(items: Sequence[Item], labels: Sequence[int]) -> Place:
        """The place that labelled items name; neighbours with one label are one name (2B, 101-102)."""
        parts: dict[str, str] = {}
        for start, stop in _runs(items, ("glued", "hyphen")):
            for label, group in groupby(range(start, stop), key=labels.__getitem__):
                members = [items[at] for at in group]
                name = _digits(members[0].name) + "".join(
                    "-" * (item.join == "hyphen") + _digits(item.name) for item in members[1:]
                )
                parts.setdefault(LABELS[label], name)
        return Place(None, *(_plain(parts.get(part, "")) for part in ("building", "unit", "room")))


def _table(weights: Mapping[str, Mapping[str, float]]) -> dict[str, list[float]]:
    """Circumstance → its weight for each label."""
    rows: dict[str, list[float]] = {}
    for label, features in weights.items():
        for feature, weight in features.items():
            rows.setdefault(feature, [0.0] * len(LABELS))[LABELS.index(label)] = float(weight)
    return rows


def _matrix(steps: Mapping[str, float]) -> list[list[float]]:
    """The weights of the steps to each label from each."""
    rows = [[0.0] * len(LABELS) for _ in LABELS]
    for pair, weight in steps.items():
        first, second = map(LABELS.index, pair.split())
        rows[second][first] = float(weight)
    return rows


_LEVEL = _matrix({})


def _any_of(words: Mapping[str, str] | Sequence[str]) -> str:
    return "(?:" + "|".join(map(re.escape, sorted(words, key=len, reverse=True))) + ")"


def _runs(items: Sequence[Item], joins: tuple[str, ...]) -> Iterator[tuple[int, int]]:
    """Where runs of items that are joined in one of these ways start and stop."""
    start = 0
    for at in range(1, len(items) + 1):
        if at == len(items) or items[at].join not in joins:
            yield start, at
            start = at


def _spots(number: int, count: int, mark: str, ending: str) -> list[str]:
    """Where a number stands: before its mark, or in a chain (5-2-301) and the mark at the chain's end."""
    if count == 1:
        return [f"before {mark}"]
    place = f"{number} of {count}" if count < 5 else "of many"
    return [place, f"{place} before {ending}"]


def _size(name: str) -> str:
    if name.isdigit():
        return f"{min(len(name), 6)} digits"
    return ("letter" if len(name) == 1 else "letters") if name.isascii() else "numeral"


def _form(name: str) -> str:
    return "9" if name.isdigit() else "A" if name.isascii() else "N"


def _follows(items: Sequence[Item], at: int) -> str:
    if at < len(items):
        return f"{items[at].join} {_size(items[at].name)}"
    return "end" if items[-1].last else "words"


def _close(items: Sequence[Item], at: int) -> bool:
    """Whether the item and the next are the ends of a range (101-102)."""
    if not 0 <= at < len(items) - 1 or items[at + 1].join != "hyphen":
        return False
    first, second = items[at].name, items[at + 1].name
    return (
        first.isdigit()
        and second.isdigit()
        and len(first) == len(second) > 1
        and 0 < int(second[-6:]) - int(first[-6:]) <= _RANGE
    )


def _digits(name: str) -> str:
    """A name in ASCII: numerals as digits, letters in upper case; of numerals that are no number (十百)
    nothing."""
    if name.isascii() or not re.match(NUMERAL, name):
        return name.upper()
    number = to_int(name)
    return "" if number is None else str(number)


def _plain(name: str) -> str | None:
    """A part as `Place` holds it: no leading zeros in a pure number, None for nothing."""
    name = name.strip("-")
    return (str(int(name)) if name.isdigit() else name) or None


@cache
def _grammar() -> AddressGrammar:
    return AddressGrammar(load_lexicon().addresses)


def parse_formal(text: str) -> Place:
    """The parts of a formal address; its road number is no building."""
    return _grammar().parse(text)
