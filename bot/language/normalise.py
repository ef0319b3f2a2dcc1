"""One form for many spellings: simplified characters, half-width signs, no invisible characters."""

from __future__ import annotations

import re
from functools import cache

from opencc import OpenCC

LIMIT = 1000  # contract.md: at most the first 1,000 characters of a message are read


#: Signs that mean the same, first as platforms and keyboards write them, then plain.
_SIGNS = (
    ("〜", "~"),
    ("—–‐‑−﹣―", "-"),
    ("“”「」『』", '"'),
    ("‘’", "'"),
    ("｡､︰﹕﹐﹑﹔﹖﹗﹙﹚﹟﹫×✕￥￠￡", "。、::,、;?!()#@xx¥¢£"),
    ("\u3000\u00a0\u2002\u2003\u2009\u202f\t", " "),
    ("\r\u2028\u2029", "\n"),
)
#: Joiners, marks of direction, variants of emoji.
_INVISIBLE = (
    *(0x200B, 0x200C, 0x200E, 0x200F, 0x2060, 0xFEFF, 0x00AD, 0xFE0E, 0xFE0F),
    *range(0x202A, 0x202F),
    *range(0x2066, 0x206A),
)


def _folding() -> dict[int, str | None]:
    table: dict[int, str | None] = {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
    for signs, plain in _SIGNS:
        table |= dict(zip(map(ord, signs), plain * (len(signs) // len(plain)), strict=True))
    return table | dict.fromkeys(_INVISIBLE)


_FOLD = _folding()
_BLANKS = re.compile(r" {2,}")
_SURROGATES = re.compile("[\ud800-\udfff]")


#: 孃孃, an aunt in the south-west, is no traditional 娘娘.
_AUNT, _STAND_IN = "孃", "\ue000"


@cache
def _converter() -> OpenCC:
    return OpenCC("t2s")


@cache
def _regional() -> dict[int, str]:
    """Characters of Hong Kong and Taiwan that the plain converter leaves alone (衞), with their simplified
    forms."""
    every = [chr(code) for code in range(0x4E00, 0xA000)]
    simple = [character for character in every if _in_gb2312(character)]
    variants: dict[int, str] = {}
    for name in ("t2hk", "t2tw"):  # 檯 is written 枱 in Hong Kong
        written = OpenCC(name).convert("\n".join(every)).split("\n")
        meant = _converter().convert("\n".join(every)).split("\n")
        left = _converter().convert("\n".join(written)).split("\n")
        variants |= {
            ord(there): here
            for here, there, again in zip(meant, written, left, strict=True)
            if again == there != here and len(there) == 1 and not _in_gb2312(there)
        }
    for name in ("s2hk", "s2tw"):
        written = OpenCC(name).convert("\n".join(simple)).split("\n")
        back = _converter().convert("\n".join(written)).split("\n")
        variants |= {
            ord(there): here
            for here, there, again in zip(simple, written, back, strict=True)
            if again == there != here and len(there) == 1 and not _in_gb2312(there)
        }
    return variants


def _in_gb2312(character: str) -> bool:
    try:
        character.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True


@cache
def traditional_characters() -> frozenset[str]:
    """Every character that simplification changes: a text without them needs no converter."""
    characters = [
        chr(code)
        for start, end in ((0x3400, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x2A6DF))
        for code in range(start, end + 1)
    ]
    simplified = _converter().convert("\n".join(characters)).split("\n")
    return frozenset(a for a, b in zip(characters, simplified, strict=True) if a != b).union(
        map(chr, _regional())
    ) - {_AUNT}


#: 著 of Taiwan is 着, except in the words that keep it.
_ZHE = re.compile("(?<![显顯原名土编編专專巨论論])著(?![名作])")


def simplify(text: str) -> str:
    """Traditional to simplified characters; other characters stay."""
    if "著" in text:
        text = _ZHE.sub("着", text)
    if traditional_characters().isdisjoint(text):
        return text
    kept = _SURROGATES.sub("\ufffd", text).translate(_regional()).replace(_AUNT, _STAND_IN)
    return str(_converter().convert(kept)).replace(_STAND_IN, _AUNT)


def fold(text: str, limit: int = LIMIT) -> str:
    """The form in which everything here reads a text: simplified, half-width, plain blanks, at most `limit`
    characters."""
    return _BLANKS.sub(" ", simplify(text[:limit].translate(_FOLD))).strip()[:limit]


def narrow(text: str, limit: int = LIMIT) -> str:
    """Like `fold`, but traditional characters stay: for names and titles that are kept as they were
    written."""
    return _BLANKS.sub(" ", text[:limit].translate(_FOLD)).strip()[:limit]


def as_written(value: str, folded: str, written: str) -> str:
    """`value`, found in `folded`, in the characters of `written` (the same text before simplification)."""
    if folded == written or len(folded) != len(written):
        return value
    at = folded.find(value)
    if at >= 0:
        return written[at : at + len(value)]
    return (
        " ".join(as_written(word, folded, written) if word in folded else word for word in value.split(" "))
        if " " in value
        else value
    )


def written(value: str, typed: str) -> str:
    """`value`, read in `typed`, in the characters that the writer typed."""
    return as_written(value, fold(typed), narrow(typed))
