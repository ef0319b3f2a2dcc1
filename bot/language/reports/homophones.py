"""Mends words that a voice keyboard or a slip wrote with the wrong characters of the same sound.

Only lexicon words are mended, and only where the written characters are no word of their own.
"""

from __future__ import annotations

import os
from functools import cache

from bot.language.lexicon import Lexicon
from bot.language.tokens import cut, tokenizer

# South-western speech and many keyboards do not tell these apart.
_LOOSE = (("zh", "z"), ("ch", "c"), ("sh", "s"), ("ng", "n"))
#: A character that stands alone this often in jieba's corpus is taken as written (要人 is not 咬人).
_COMMON = 4000
_MARKS = str.maketrans("āáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜüńňǹḿ", "aaaaeeeeiiiioooouuuuvvvvvnnnm")


@cache
def _syllables() -> dict[int, str]:
    # The phrase table of pypinyin costs 30 MB and is not needed for single characters.
    os.environ.setdefault("PYPINYIN_NO_PHRASES", "true")
    from pypinyin.pinyin_dict import pinyin_dict  # noqa: PLC0415 - after the variable is set

    return pinyin_dict


@cache
def sound(character: str) -> str:
    """The loose sound of one character without its tone, or the character itself."""
    readings = _syllables().get(ord(character))
    if not readings:
        return character
    plain = readings.split(",", 1)[0].translate(_MARKS)
    for precise, loose in _LOOSE:
        plain = plain.replace(precise, loose)
    return plain


@cache
def _precise(character: str) -> str:
    """The sound of one character with its tone."""
    return _syllables().get(ord(character), character).split(",", 1)[0]


class Homophones:
    """Finds misheard lexicon words; build one per lexicon."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._by_sound: dict[tuple[str, ...], str] = {}
        self._known = lexicon.senses
        for word, senses in lexicon.senses.items():
            if (
                2 <= len(word) <= 4
                and not word.isascii()
                and any(sense.kind in {"trouble", "thing"} for sense in senses)
            ):
                key = tuple(map(sound, word))
                # Of two words that sound alike neither can be chosen, unless one contains the commoner
                # characters; the first stays.
                self._by_sound.setdefault(key, word)

    def mend(self, text: str) -> tuple[str, list[str]]:
        """`text` with misheard lexicon words put right, and its jieba tokens."""
        tokens = cut(text)
        # Only runs of single characters can hide a word: what jieba keeps together is a word already.
        out: list[str] = []
        run: list[str] = []
        for token in [*tokens, ""]:
            if len(token) == 1 and "\u4e00" <= token <= "\u9fff":
                run.append(token)
                continue
            if run:
                out.append(self._mend_run("".join(run)))
                run = []
            out.append(token)
        mended = "".join(out)
        return mended, tokens if mended == text else cut(mended)

    def _mend_run(self, run: str) -> str:
        at = 0
        out = ""
        while at < len(run):
            for size in (4, 3, 2):
                piece = run[at : at + size]
                if len(piece) == size and piece not in self._known:
                    word = self._by_sound.get(tuple(map(sound, piece)))
                    if word and _one_slip(word, piece):
                        out += word
                        at += size
                        break
            else:
                out += run[at]
                at += 1
        return out


def _one_slip(word: str, piece: str) -> bool:
    """Whether `piece` differs from `word` in one character, and not by one that is common on its own."""
    different = [written for right, written in zip(word, piece, strict=True) if right != written]
    if len(different) != 1:
        return False
    if len(word) == 2:
        return tokenizer().FREQ.get(different[0], 0) < _COMMON and all(
            _precise(a) == _precise(b) for a, b in zip(word, piece, strict=True)
        )
    return len(word) > 3 or tokenizer().FREQ.get(different[0], 0) < _COMMON
