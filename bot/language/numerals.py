"""Chinese numerals to integers: 三, 十七, 二十, 一百零三, 两, 廿, 二〇一."""

from __future__ import annotations

import re
from functools import lru_cache

import cn2an

#: One numeral as part of a regular expression.
NUMERAL = "[零〇一二两三四五六七八九十百千廿]"
#: Ways of writing that cn2an does not know.
_USUAL = str.maketrans({"俩": "两", "○": "〇", "廿": "二十"})
_ALL = re.compile(r"[零〇○一二两俩三四五六七八九十百千万廿壹贰叁肆伍陆柒捌玖拾佰仟]+\Z")


@lru_cache(maxsize=4096)
def to_int(text: str) -> int | None:
    """The number that `text` writes in ASCII digits or Chinese numerals, else None."""
    if text.isascii():
        return int(text) if text.isdigit() and len(text) <= 18 else None
    if not _ALL.match(text) or len(text) > 12:
        return None
    try:
        return int(cn2an.cn2an(text.translate(_USUAL), "smart"))
    except ValueError:
        # 「十百」 is made of numerals and is no number.
        return None
