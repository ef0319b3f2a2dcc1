"""Finds the lexicon's words in one text."""

from __future__ import annotations

from dataclasses import dataclass

from bot.language.entries import Sense
from bot.language.lexicon import Lexicon
from bot.language.tokens import cut

#: Signs that say a line is something else; a complaint's word inside one of their words (停水 in 停水通知)
#: does not count.
AGAINST = frozenset(
    [
        "advert",
        "lost_found",
        "notice",
        "thanks",
        "solved",
        "apology",
        "elsewhere",
        "past",
        "hearsay",
        "hypothetical",
        "wondering",
        "own_affair",
        "joke",
        "greeting",
        "advice",
        "planned",
        "kindness",
        "no_need",
        "fixed",
    ]
)


@dataclass(frozen=True, slots=True)
class Match:
    """A lexicon word at its place in the text."""

    start: int
    end: int
    word: str
    senses: tuple[Sense, ...]


class Finder:
    """Finds lexicon words; build one per lexicon."""

    def __init__(self, lexicon: Lexicon) -> None:
        self.lexicon = lexicon
        self.single: dict[str, tuple[Sense, ...]] = {}
        self.heads: dict[str, list[tuple[str, tuple[Sense, ...]]]] = {}
        for word, senses in lexicon.senses.items():
            if len(word) == 1:
                self.single[word] = senses
            else:
                self.heads.setdefault(word[:2], []).append((word, senses))
        for found in self.heads.values():
            found.sort(key=lambda item: -len(item[0]))

    def matches(self, text: str, tokens: list[str] | None = None) -> list[Match]:
        """All lexicon words in `text` whose ends are word ends, without those inside a longer word that
        explains them away."""
        edges = {0}
        at = 0
        for token in tokens if tokens is not None else cut(text):
            at += len(token)
            edges.add(at)
        found: list[Match] = []
        heads, single = self.heads, self.single
        for start in range(len(text)):
            if start not in edges:
                continue
            longest: list[Match] = []
            for word, senses in heads.get(text[start : start + 2], ()):
                end = start + len(word)
                if end in edges and text.startswith(word, start):
                    longest.append(Match(start, end, word, senses))
                    if len(longest) > 1:
                        break
            if start + 1 in edges and (senses := single.get(text[start], ())):
                longest.append(Match(start, start + 1, text[start], senses))
            # The thing inside a trouble (电梯 in 电梯坏) is named too.
            if longest and longest[0].end - start > 2 and (inner := self._thing_in(longest[0])):
                longest.append(inner)
            found.extend(longest)
        return _without_nested(found)

    def _thing_in(self, match: Match) -> Match | None:
        if not any(sense.kind == "trouble" for sense in match.senses):
            return None
        for word, senses in self.heads.get(match.word[:2], ()):
            if len(word) < len(match.word) and match.word.startswith(word) and _is_thing(senses):
                return Match(match.start, match.start + len(word), word, senses)
        return None


def _is_thing(senses: tuple[Sense, ...]) -> bool:
    return any(sense.kind == "thing" for sense in senses)


def _without_nested(found: list[Match]) -> list[Match]:
    kept: list[Match] = []
    for match in found:
        for other in found:
            if (
                other is not match
                and other.start <= match.start
                and match.end <= other.end
                and len(other.word) > len(match.word)
            ):
                kinds = {sense.kind for sense in other.senses}
                mine = {sense.kind for sense in match.senses}
                if kinds & AGAINST or kinds & mine or kinds == {"thing"}:
                    break
        else:
            kept.append(match)
    return kept
