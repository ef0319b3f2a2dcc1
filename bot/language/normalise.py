"""One form for many spellings: simplified characters, half-width signs, no invisible characters."""

from __future__ import annotations

import re
from functools import cache

from opencc import OpenCC

LIMIT = 1000  # contract.md: at most the first 1,000 characters of a message are read


def _folding() -> dict[int, str | None]:
    table: dict[int, str | None] = {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
    table[0x3000] = " "
    for sign, plain in {
        "〜": "~",
        "～": "~",
        "—": "-",
        "–": "-",
        "‐": "-",
        "‑": "-",
        "−": "-",
        "－": "-",
        "﹣": "-",
        "―": "-",
        "一": "一",
        "“": '"',
        "”": '"',
        "‘": "'",
        "’": "'",
        "「": '"',
        "」": '"',
        "『": '"',
        "』": '"',
        "｡": "。",
        "､": "、",
        "…": "…",
        "\u00a0": " ",
        "\u2002": " ",
        "\u2003": " ",
        "\u2009": " ",
        "\u202f": " ",
        "\t": " ",
        "\r": "\n",
        "\u2028": "\n",
        "\u2029": "\n",
        "#️": "#",
        "︰": ":",
        "﹕": ":",
        "﹐": ",",
        "﹑": "、",
        "﹔": ";",
        "﹖": "?",
        "﹗": "!",
        "﹙": "(",
        "﹚": ")",
        "﹟": "#",
        "﹫": "@",
        "×": "x",
        "✕": "x",
        "¥": "¥",
        "￥": "¥",
        "￠": "¢",
        "￡": "£",
    }.items():
        if len(sign) == 1:
            table[ord(sign)] = plain
    for code in (0x200B, 0x200C, 0x200E, 0x200F, 0x2060, 0xFEFF, 0x00AD, 0xFE0E, 0xFE0F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)):
        table[code] = None
    return table


_FOLD = _folding()
_BLANKS = re.compile(r" {2,}")
_SURROGATES = re.compile("[\ud800-\udfff]")


@cache
def _converter() -> OpenCC:
    return OpenCC("t2s")


@cache
def traditional_characters() -> frozenset[str]:
    """Every character that simplification changes: a text without them needs no converter."""
    characters = [chr(code) for start, end in ((0x3400, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x2A6DF)) for code in range(start, end + 1)]
    simplified = _converter().convert("\n".join(characters)).split("\n")
    return frozenset(a for a, b in zip(characters, simplified, strict=True) if a != b)


def simplify(text: str) -> str:
    """Traditional to simplified characters; other characters stay."""
    if traditional_characters().isdisjoint(text):
        return text
    return _converter().convert(_SURROGATES.sub("\ufffd", text))


def fold(text: str, limit: int = LIMIT) -> str:
    """The form in which everything here reads a text: simplified, half-width, plain blanks, at most `limit` characters."""
    return _BLANKS.sub(" ", simplify(text[:limit].translate(_FOLD))).strip()[:limit]
