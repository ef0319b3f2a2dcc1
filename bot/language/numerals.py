"""Chinese numerals to integers: 三, 十七, 二十, 一百零三, 两, 廿, 二〇一."""

from __future__ import annotations

import re

DIGITS = {
    "零": 0,
    "〇": 0,
    "○": 0,
    "一": 1,
    "二": 2,
    "两": 2,
    "俩": 2,
    "三": 3,
    "四": 4,
    "五": 5,
    "六": 6,
    "七": 7,
    "八": 8,
    "九": 9,
    "壹": 1,
    "贰": 2,
    "叁": 3,
    "肆": 4,
    "伍": 5,
    "陆": 6,
    "柒": 7,
    "捌": 8,
    "玖": 9,
}
_POWERS = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000, "万": 10000}
#: One numeral as part of a regular expression.
NUMERAL = "[零〇一二两三四五六七八九十百千廿]"
_ALL = re.compile(r"[零〇○一二两俩三四五六七八九十百千万廿壹贰叁肆伍陆柒捌玖拾佰仟]+\Z")


def to_int(text: str) -> int | None:
    """The number that `text` writes in ASCII digits or Chinese numerals, else None."""
    if text.isascii():
        return int(text) if text.isdigit() and len(text) <= 18 else None
    if not _ALL.match(text) or len(text) > 12:
        return None
    text = text.replace("廿", "二十")
    if not any(sign in _POWERS for sign in text):
        return int("".join(str(DIGITS[sign]) for sign in text))
    total = section = digit = 0
    for sign in text:
        if sign in DIGITS:
            digit = DIGITS[sign]
        elif (power := _POWERS[sign]) == 10000:
            total, section, digit = (total + section + digit) * power, 0, 0
        else:
            section += (digit or 1) * power
            digit = 0
    return total + section + digit


def to_chinese(number: int) -> str:
    """0 to 99 as people write them: 七, 十七, 二十."""
    names = "零一二三四五六七八九"
    tens, ones = divmod(number, 10)
    if not tens:
        return names[ones]
    return ("" if tens == 1 else names[tens]) + "十" + (names[ones] if ones else "")
