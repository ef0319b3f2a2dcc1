"""The plain scan: does a text contain any of some thousands of words? A few microseconds, no jieba."""

from __future__ import annotations

from collections.abc import Iterable
from operator import add

from bot.language.lexicon import Lexicon
from bot.language.normalise import traditional_characters
from bot.language.tokens import tokenizer


class Scan:
    """Looks for whole words by a pair of their characters."""

    def __init__(
        self, words: Iterable[str], characters: Iterable[str] = (), heads: Iterable[str] = ()
    ) -> None:
        common = tokenizer().FREQ
        pairs: dict[str, set[str]] = {}
        single = set(characters)
        for word in words:
            if len(word) > 1:
                # The rarest two characters stand for a word, so that 没有 does not call for 没有人管.
                rarest = min(
                    (word[at : at + 2] for at in range(len(word) - 1)), key=lambda pair: common.get(pair, 0)
                )
                pairs.setdefault(rarest, set()).add(word)
            else:
                single.add(word)
        self._pairs = {pair: tuple(found) for pair, found in pairs.items()}
        self._single, self._heads = frozenset(single), frozenset(heads)

    def finds(self, text: str) -> bool:
        """Whether any of the words is in `text`, blanks between its characters or not."""
        return self._calls(text) or (" " in text and self._calls(text.replace(" ", "")))

    def _calls(self, text: str) -> bool:
        if not self._single.isdisjoint(text) or (self._heads and text.lstrip(" @#")[:1] in self._heads):
            return True
        pairs = self._pairs
        return any(word in text for pair in pairs.keys() & map(add, text, text[1:]) for word in pairs[pair])


#: A line shorter than this that names a thing or a spot but no trouble (「门卫室自取」) reports nothing.
TELLING = 12


class Substance:
    """Whether a line can be a report at all: words of trouble, danger or slips; or, in a line long enough to
    tell, of things and spots."""

    def __init__(self, troubles: Scan, things: Scan) -> None:
        self._troubles, self._things = troubles, things

    def finds(self, text: str) -> bool:
        """Whether it is worth cutting into words."""
        return self._troubles.finds(text) or (len(text) >= TELLING and self._things.finds(text))


def trigger_characters() -> frozenset[str]:
    """Characters of which folding may make trigger words: traditional ones, full-width digits and letters."""
    wide = [*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B)]
    return frozenset(traditional_characters() | set(map(chr, wide)))


def scans(lexicon: Lexicon, signs: Iterable[str]) -> tuple[Scan, Substance]:
    """The scan for anything that may be for the bot, and the one for what a report is made of."""
    troubles = [
        *_words(lexicon, {"trouble", *signs}),
        *lexicon.danger_words,
        *lexicon.typos,
        *lexicon.dialect,
    ]
    things = [*_words(lexicon, {"thing"}), *lexicon.spots]
    orders = [word for rule in lexicon.commands.values() for word in rule.words]
    heads = [word for word in orders if len(word) == 1]
    answers = [*lexicon.glance, *(word for word in orders if len(word) > 1)]
    return Scan([*troubles, *things, *answers], [*lexicon.emoji, "#"], heads), Substance(
        Scan(troubles, lexicon.emoji), Scan(things)
    )


def _words(lexicon: Lexicon, kinds: set[str]) -> list[str]:
    return [
        word
        for word, senses in lexicon.senses.items()
        if word not in lexicon.everyday and any(sense.kind in kinds for sense in senses)
    ]
