"""Gathers what speaks for and against a report in one text, and adds up what it is worth."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field

from bot.language.lexicon import Lexicon
from bot.language.tokens import cut
from bot.language.understanding import Place

from .finder import AGAINST, Finder, Match

_NEGATION = re.compile(
    r"(?:不|没|无|未|别|防|没有|不会|不再|不是|并非|避免|防止|绝不|从不|再也不|不用|没得|不怕)$"
)
_STOP = re.compile(r"[。!?\n;]")
_WORD = re.compile(r"\w")


@dataclass(slots=True)
class Evidence:
    """What was found: features with their values, the words behind each, and the votes for categories."""

    features: dict[str, float] = field(default_factory=dict)
    words: dict[str, list[str]] = field(default_factory=dict)
    votes: dict[str, float] = field(default_factory=dict)
    matches: list[Match] = field(default_factory=list)
    #: Single words and how much they lean towards a report (words.yaml).
    leanings: dict[str, float] = field(default_factory=dict)
    #: The single words of the text, each once.
    tokens: tuple[str, ...] = ()

    def add(self, feature: str, word: str = "", value: float = 1.0) -> None:
        """Notes that `feature` fired because of `word`."""
        self.features[feature] = value
        if word:
            known = self.words.setdefault(feature, [])
            if word not in known:
                known.append(word)


def gather(  # noqa: C901, PLR0912, PLR0915 - one pass over the matches
    lexicon: Lexicon,
    finder: Finder,
    text: str,
    place: Place,
    *,
    mention: bool,
    tokens: list[str] | None = None,
) -> Evidence:
    """The evidence in folded, dialect-free `text`."""
    evidence = Evidence()
    troubles: list[tuple[int, int]] = []
    things: list[tuple[int, int]] = []
    spans: dict[str, list[tuple[int, int]]] = {"trouble": troubles, "thing": things}
    weights = lexicon.topic_weights
    first_trouble = True
    voted: set[tuple[str, str]] = set()
    for match in finder.matches(text, tokens):
        evidence.matches.append(match)
        negated = bool(_NEGATION.search(text, max(0, match.start - 3), match.start))
        lead = first_trouble
        for sense in match.senses:
            if sense.category is None:
                if negated and sense.kind in {"fault", "nuisance", "danger"}:
                    continue
                evidence.add(sense.kind, match.word)
                spans.setdefault(sense.kind, []).append((match.start, match.end))
                continue
            is_trouble = sense.kind in {"trouble", "strong"}
            if is_trouble and negated:
                evidence.add("negated", match.word)
                continue
            if (match.word, sense.category) not in voted:
                voted.add((match.word, sense.category))
                worth = weights[sense.kind]
                if is_trouble:
                    worth += weights["first"] if lead else 0
                    first_trouble = False
                if len(text) > 60 and match.start < 26:
                    worth += weights["title"]
                evidence.votes[sense.category] = evidence.votes.get(sense.category, 0.0) + worth
            if sense.kind == "trouble":
                evidence.add("everyday_trouble" if match.word in lexicon.everyday else "trouble", match.word)
                troubles.append((match.start, match.end))
            elif sense.kind == "thing":
                evidence.add("everyday_thing" if match.word in lexicon.everyday else "thing", match.word)
                things.append((match.start, match.end))
    for kind in ("trouble", "thing"):
        if len(evidence.words.get(kind, ())) > 1:
            evidence.add(f"second_{kind}")
    # Where nothing of the community is named, no pattern can make a report of it.
    for name, sign in lexicon.signs.items() if (troubles or things or place) else ():
        if name in evidence.features and name not in spans:
            continue
        for pattern in sign.patterns:
            if found := pattern.search(text):
                evidence.add(name, found[0])
                spans.setdefault(name, []).append(found.span())
                break
    if place.spot and (at := text.find(place.spot)) >= 0:
        things.append((at, at + len(place.spot)))
    for pair in lexicon.pairs:
        if _near(text, spans.get(pair.first, ()), spans.get(pair.second, ()), pair.within):
            evidence.add(pair.name)
    _frame(evidence, spans)
    _whole(lexicon, evidence, text, spans)
    _shape(evidence, text, place, mention=mention)
    _lean(lexicon, evidence, tokens if tokens is not None else cut(text))
    return evidence


def _lean(lexicon: Lexicon, evidence: Evidence, tokens: list[str]) -> None:
    """Adds what the single words lean to, each once."""
    evidence.tokens = tuple(dict.fromkeys(tokens))
    for token in evidence.tokens:
        if weight := lexicon.leanings.get(token):
            evidence.leanings[token] = weight


def _near(
    text: str,
    first: list[tuple[int, int]] | tuple[()],
    second: list[tuple[int, int]] | tuple[()],
    within: int,
) -> bool:
    for a, b in first:
        for c, d in second:
            low, high = (b, c) if b <= c else (d, a)
            if (
                (a, b) != (c, d)
                and high - low <= within
                and (high <= low or not _STOP.search(text, low, high))
            ):
                return True
    return False


#: A line that begins with one of these speaks within it: 「新闻说…」, 「以前住…」, 「听说我姐家…」.
FRAMES = (
    "hearsay",
    "past",
    "elsewhere",
    "notice",
    "advert",
    "lost_found",
    "thanks",
    "hypothetical",
    "wondering",
)
#: How many characters from the start a frame may stand.
_OPENING = 12


def _frame(evidence: Evidence, spans: dict[str, list[tuple[int, int]]]) -> None:
    """Notes what the line is put into before anything wrong is named, and how many signs say that it is
    something else."""
    firsts = [spans[kind][0][0] for kind in ("trouble", "fault", "nobody", "nuisance") if spans.get(kind)]
    first = min(firsts, default=_OPENING)
    if any(spans[kind][0][0] <= min(first, _OPENING) for kind in FRAMES if spans.get(kind)):
        evidence.add("framed")
    against = len(AGAINST & evidence.features.keys())
    if against > 1:
        evidence.add("against_again")
    if against > 2:
        evidence.add("against_thrice")


#: A line longer than this always says more than that something is wrong.
_BRIEF = 16
_OURS = re.compile("我们?家|[我咱俺]们|咱")


def _whole(lexicon: Lexicon, evidence: Evidence, text: str, spans: dict[str, list[tuple[int, int]]]) -> None:
    """Notes that a short line says that something here is wrong, and nothing else: 「水管爆了」,
    「3栋路灯全黑」."""
    known = evidence.features.keys()
    if len(text) > _BRIEF or AGAINST & known:
        return
    said = bytearray(len(text))
    for start, end in [
        *((match.start, match.end) for match in evidence.matches),
        *(span for found in spans.values() for span in found),
    ]:
        said[start:end] = b"\1" * (end - start)
    for ours in _OURS.finditer(text):
        said[ours.start() : ours.end()] = b"\1" * len(ours[0])
    rest = [
        character
        for character, covered in zip(text, said, strict=True)
        if not covered and character.isalnum() and character not in lexicon.small
    ]
    if len(rest) > (len(text) > _BRIEF // 2):
        return
    if "trouble" in known:
        evidence.add(
            "whole_trouble" if {"thing", "everyday_thing", "spot", "place"} & known else "whole_alone"
        )
    elif {"thing", "spot"} & known and {
        "fault",
        "nobody",
        "nuisance",
        "everyday_trouble",
        "everywhere",
    } & known:
        evidence.add("whole_fault")
    elif {"everyday_trouble", "everyday_thing"} <= known or {"everyday_thing", "fault"} <= known:
        evidence.add("whole_everyday")


#: Signs that something is wrong, whatever it is: a line about a place without any of them only mentions it.
COMPLAINTS = (
    "trouble",
    "everyday_trouble",
    "fault",
    "nobody",
    "nuisance",
    "cannot",
    "everywhere",
    "rhetorical",
    "danger",
    "demand",
    "suffering",
    "sarcasm",
)


def _shape(evidence: Evidence, text: str, place: Place, *, mention: bool) -> None:
    length = sum(1 for _ in _WORD.finditer(text[:200]))
    evidence.add("bias")
    if place.building or place.unit or place.room:
        evidence.add("place")
    if place.spot:
        evidence.add("spot", place.spot)
    if length < 8:
        evidence.add("short")
    if length < 5:
        evidence.add("tiny")
    if 40 < length <= 80:
        evidence.add("long")
    if length > 80:
        evidence.add("formal")
    if mention:
        evidence.add("mention")
    known = evidence.features.keys()
    # A statement with nothing in it that says it is something else.
    if not AGAINST & known:
        for kind in ("trouble", "thing", "spot", "place"):
            if kind in known:
                evidence.add(f"plain_{kind}")
    complaints = sum(sign in known for sign in COMPLAINTS)
    if not complaints:
        evidence.add("no_complaint")
    if complaints > 1:
        evidence.add("complaint_again")
    if complaints > 2:
        evidence.add("complaint_thrice")
    if "trouble" not in evidence.features and not (
        "thing" in evidence.features and ({"fault", "request", "nobody"} & evidence.features.keys())
    ):
        evidence.add("no_evidence")


def weigh(lexicon: Lexicon, evidence: Evidence) -> float:
    """The sum of the weights of all features that fired (log-odds of a report)."""
    weights = weights_of(lexicon)
    return sum(evidence.leanings.values()) + sum(
        value * weights.get(feature, 0.0) for feature, value in evidence.features.items()
    )


def weights_of(lexicon: Lexicon) -> dict[str, float]:
    """What each feature is worth, wherever in signs.yaml it stands."""
    if not lexicon.worth:
        lexicon.worth.update({name: sign.weight for name, sign in lexicon.signs.items()})
        lexicon.worth.update(lexicon.numbers)
        lexicon.worth.update({pair.name: pair.weight for pair in lexicon.pairs})
    return lexicon.worth


def probability(total: float) -> float:
    """Log-odds to a score between 0 and 1."""
    return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, total))))


def reasons(lexicon: Lexicon, evidence: Evidence) -> list[str]:
    """One readable line per feature that fired, strongest first."""
    lines = []
    weights = weights_of(lexicon)
    for feature in evidence.features:
        weight = weights.get(feature, 0.0)
        if feature != "bias" and weight:
            words = "、".join(evidence.words.get(feature, ())[:4])
            lines.append(
                (abs(weight), f"{feature} {words} {weight:+.2f}" if words else f"{feature} {weight:+.2f}")
            )
    lines += [(abs(weight), f"word {word} {weight:+.2f}") for word, weight in evidence.leanings.items()]
    return [line for _, line in sorted(lines, key=lambda item: -item[0])]
