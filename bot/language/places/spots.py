"""Spots: the thing or corner that a text is about, as people name it (东门, 地下车库B区, 厨房烟道)."""

from __future__ import annotations

import re
from functools import cache

from bot.language.lexicon import Lexicon, load_lexicon
from bot.language.numerals import NUMERAL
from bot.language.tokens import cut

#: The rank of a real place or piece of equipment; fittings and floors stand below it, then grounds, then what
#: is everywhere.
_REAL = 3
_FLOOR_SPOT = re.compile(rf"(?:负|地下)(?:{NUMERAL}|\d)(?:楼|层)")
_ZONE = re.compile(r"(?:[A-Za-z]\d?|东|西|南|北|[一二三四五六七八九]|\d{1,2})(?:区|片区|号口)")
_PARKING = re.compile(r"(?<![A-Za-z\d])B\d-\d{2,4}(?!\d)")
#: 1号门, A3区, 北梯, C17桩.
_NUMBERED_SPOT = re.compile(
    r"(?<![\dA-Za-z])(?:(?:\d{1,2}|[一二三四五六七八九])号(?:门|口|出口|入口|电梯|梯)|[A-Z]\d{1,2}区|[A-Z]\d{0,2}出?口(?!味)|[东西南北大小](?:侧)?梯(?![子田])|[A-Z]\d{1,3}(?:车位|桩)|第?[一二三四五六七八九]单元门口)"
)
_GATE = re.compile(r"[东西南北]+(?:大)?门|安全出口")
#: 医院对面的花店: the spot only tells where the other one is.
_BESIDE = re.compile(r"(?:旁边|对面|后面|外面|边上|隔壁|楼下)的")
_THAT_WAY = re.compile(r"(?:那|这)条(?P<way>小?路|巷子|沟|河|街)")
#: 就小区出来那个丁字路口, 就在凉亭: a clause that only tells the way.
_POINTING = re.compile(
    r"(?:^|[,。!?;\s])(?:就(?:在|是)?[^,。!?;\s]{0,8}|(?:位置|地点)(?:在|是)?:?)\Z|停(?:在|到|了|我们|满)*\Z"
)
_CHINESE = re.compile(r"[\u4e00-\u9fff]{2,4}")
_PLACE_END = re.compile(r"[室馆堂亭棚坊摊铺店站厅厕间场房井]")
#: 时间, 现场, 楼房 end like places; with three characters (暖瓶间) they are some.
_BAD_PLACE = re.compile(
    r"^.?[间场房]$|^[一二两三四五六七八九十几][室厅房间]|(?:时|期|空|中|夜|世|民|瞬|人|之|其|晚|日|市|现|当|立|在|一|二|两|几|每|这|那|到|本|新|开|网|车|我|你|他|的|名|天|课|单|首)[间场室馆堂店站]$"
)


@cache
def _spot_pattern() -> re.Pattern[str]:
    lexicon = load_lexicon()
    names = sorted(lexicon.spots, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, names)))


@cache
def _not_spot_pattern() -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, load_lexicon().not_spots)))


def find_spot(
    text: str, lexicon: Lexicon | None = None, *, faint: bool = False, behind: int | None = None
) -> str | None:
    """The spot that folded `text` is about: the one just `behind` a building, that somebody points at, or the
    first; `faint` allows 坑 and 门 too."""
    lexicon = lexicon or load_lexicon()
    barred = [found.span() for found in _not_spot_pattern().finditer(text)]
    found: list[tuple[int, int, int]] = []
    for matched in _spot_pattern().finditer(text):
        start, end = matched.span()
        if any(a <= start and end <= b for a, b in barred):
            continue
        rank = lexicon.spots[matched[0]]
        before = found[-1] if found and found[-1][1] == start else None
        # Two real places that touch are one (厨房烟道, 南门花坛); a floor before one only tells the way
        # (楼顶水箱).
        if before and (
            matched[0] in lexicon.joined
            or rank == before[2] == _REAL
            or _GATE.fullmatch(text[before[0] : start])
        ):
            found[-1] = (before[0], end, max(rank, before[2]))
        elif not _BESIDE.match(text, end):
            found.append((start, end, rank))
    for pattern, rank in ((_FLOOR_SPOT, _REAL - 1), (_THAT_WAY, _REAL), (_NUMBERED_SPOT, _REAL)):
        for matched in pattern.finditer(text):
            start, end = matched.span(matched.lastgroup or 0)
            if not any(a <= start < b for a, b, _ in found):
                found.append((start, end, rank))
    if ("车位" in text or "停" in text) and (slot := _PARKING.search(text)):
        return slot[0]
    best = max((rank for _, _, rank in found), default=0)
    if best < _REAL and (coined := _coined(text, lexicon)):
        return coined
    if not found or (best == 0 and not faint):
        return None
    found.sort()
    first = next(item for item in found if item[2] == best)
    start, end, _ = next(
        (item for item in found if item[2] and _told(text, item[0], behind if item[2] == best else None)),
        first,
    )
    if zone := _ZONE.match(text, end):
        end = zone.end()
    return text[start:end]


def _told(text: str, start: int, behind: int | None) -> bool:
    return (behind is not None and start in {behind, behind + 1}) or bool(
        _POINTING.search(text[max(0, start - 14) : start])
    )


def _coined(text: str, lexicon: Lexicon) -> str | None:
    """A place that no list has but that ends like one: 豆腐坊, 更衣室, 羽毛球馆."""
    # 时间 and 现场 are in every second line: only then is it worth cutting into words again.
    if all(
        text[max(0, end.start() - 1) : end.end()] in lexicon.not_places for end in _PLACE_END.finditer(text)
    ):
        return None
    before = ""
    for token in cut(text):
        # 羽毛球馆 is cut into 羽毛球 and 馆.
        name: str = before + token if len(token) == 1 and len(before) > 1 else token
        like = (
            len(name) > 1
            and bool(_PLACE_END.match(name[-1]))
            and name not in lexicon.not_places
            and not _BAD_PLACE.search(name)
        )
        if like and all(sense.kind != "trouble" for sense in lexicon.senses.get(name, ())):
            return name
        before = token if _CHINESE.fullmatch(token) else ""
    return None
