"""Several issues in one message, each worth a report of its own."""

from __future__ import annotations

import re
from collections.abc import Callable

from bot.language.places import find_place

#: 一是…,二是…; 1. … 2. …; ①…②…
_ENUMERATION = re.compile(
    r"(?:^|(?<=[,。;:!?\s]))(?:第?[一二三四五六七八九]\s*(?:是|[、.,:)](?!\d))|[1-9]\s*[、.)](?!\d)|[①②③④⑤⑥⑦⑧⑨]|首先|其次)\s*[,:]?"
)
_ONE_TWO = re.compile(r"[一二三四五六七八九]是[,:]?")
_ALSO = re.compile(
    r"[,。;!?\s]+(?:对了|顺便(?:说一下|问一下|也|把)?|另外|还有(?:就是|个事|一个|一件事)?|再就是|以及|同时还有|外加)[,:\s]*"
)
_SENTENCE = re.compile(r"[。!;\n]+\s*")


def split(folded: str, topic: Callable[[str], str | None]) -> list[str]:
    """The single issues of folded text that names several; else the text alone. `topic` says what one part is
    about, None when nothing is wrong with it."""
    marks = _ONE_TWO if "一是" in folded and "二是" in folded else _ENUMERATION
    cuts = [found.start() for found in marks.finditer(folded)]
    parts = (
        [marks.sub("", folded[a:b], count=1) for a, b in zip(cuts, [*cuts[1:], len(folded)], strict=True)]
        if len(cuts) >= 2
        else _ALSO.split(folded)
    )
    parts = [part.strip(" ,。;、\n") for part in parts]
    parts = [part for part in parts if len(part) >= 4]
    if len(parts) < 2:
        return _by_building(folded, topic)
    topics = [topic(part) for part in parts]
    whole = [part for part, about in zip(parts, topics, strict=True) if about is not None]
    if len(whole) < 2 or len({about for about in topics if about is not None}) < 2:
        return [folded]
    return whole


def _by_building(folded: str, topic: Callable[[str], str | None]) -> list[str]:
    """「3栋电梯坏了。4栋楼道灯也坏了」: sentences about different buildings are different issues."""
    parts: list[str] = []
    said: list[str] = []
    for sentence in _SENTENCE.split(folded):
        building = find_place(sentence[:6], estates=False).building
        if building is not None and building not in said[-1:]:
            parts.append(sentence)
            said.append(building)
        elif parts:
            parts[-1] += "," + sentence
        elif sentence:
            return [folded]
    return parts if len(parts) > 1 and all(map(topic, parts)) else [folded]
