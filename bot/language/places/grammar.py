"""Places in residents' words: 3栋2单元501, 3-2-501, 三号楼, A座, 14号院, 地下车库B区, 东门."""

from __future__ import annotations

import re

from bot.language.lexicon import Lexicon, load_lexicon
from bot.language.normalise import fold
from bot.language.numerals import NUMERAL, to_int
from bot.language.understanding import Gazetteer, Place

from .estates import find_estate
from .spots import find_spot

_NUMBER = rf"(?:\d{{1,4}}|{NUMERAL}{{1,4}})"
_NAME = rf"(?:{_NUMBER}[A-Za-z]?|[A-Za-z]\d{{0,3}}|[甲乙丙丁])"
_BUILDING = re.compile(
    rf"(?<![这那每几整本全某哪同第])第?(?![两俩][栋幢座])(?<![\d.\-A-Za-z])(?P<name>{_NAME})(?:号楼|号栋|号幢|号座|#楼|#(?=\d|-|\D)|栋楼(?!房)|栋|幢|座(?!位|椅|谈|机|城|山|桥))"
)
_UNIT = re.compile(
    rf"(?<![\d.\-A-Za-z个])(?!两单元)(?P<name>\d{{1,2}}|{NUMERAL}{{1,3}}|[A-Za-z甲乙丙丁])(?:号)?(?:单元|门(?=\d{{3,4}}))"
)
#: 7幢和8幢中间 is neither of the two.
_BETWEEN = re.compile(rf"(?:和|与|跟|到|、)?{_NAME}(?:号楼|栋|幢|座)(?:的)?(?:中间|之间)")
_HYPHENS = re.compile(
    r"(?<![\dA-Za-z.:/\-])(?P<a>[A-Za-z]?\d{1,3}|[A-Za-z])[-_](?:(?P<b>\d{1,2}|[A-Za-z])[-_])?(?P<c>\d{3,4})(?:室|号|房)?(?![\d.:\-/A-Za-z%年月日元块])"
)
_ROOM_AFTER = re.compile(
    r"[\s,、的]{0,2}(?:(?:\d{1,2}|[一二三四五六七八九十]{1,3})[楼层]\s?)?(?:[-_]?)(?P<name>\d{3,4}|[A-Za-z]\d{3}|[一二三四五六七八九][零〇一二三四五六七八九]{2,3}(?![零〇一二三四五六七八九十百千]))(?P<tail>室|号房|房|号|住户|户|家|的|[A-Za-z](?![A-Za-z]))?(?![\d.:/%年月元块路度瓦平])"
)
_ROOM_ALONE = re.compile(
    r"(?<![\d.\-:/A-Za-z¥￥])(?:(?P<lead>(?:\d{1,2}|[一二三四五六七八九十]{1,3})[楼层]|楼上|楼下|隔壁|对门|对面|对屋|我家|我家是|我是|住|家住|我住|住在|我们|我们家|门牌|房号|他家|业主|户主|邻居)[的是在那:]{0,2}(?:[一二三四五六七八九十\d]{1,2}[楼层])?)?"
    r"(?P<name>[1-9]\d{2,3})(?P<tail>室|号房|房间|房|户|住户|业主|家|那家|那户|的邻居|的租客|租客|门口|楼上|楼下|的?(?:大哥|大姐|阿姨|奶奶|爷爷))?(?![\d.:/%\-A-Za-z])"
)
#: 301天天冲水: a room that does something begins the message.
_ROOM_FIRST = re.compile(
    r"(?P<name>[1-9]\d{2,3})(?=天天|又|把|老是|总是|昨晚|半夜|每天|每晚|晚上|那家|那户|这家|家|楼上|的|老[太头人]|养|装|说)"
)
_NOT_ROOM = re.compile(
    r"\s*(?:年|月|日|元|块|路|点|度|斤|公斤|平|米|个|人|次|瓦|毫|克|分|票|户(?!主|型)|名|天(?![天花台])|小时|公里|里|集|多|左右|万|号线|热线|w|W|mm|ml|MB|kg)"
)


def find_place(
    text: str,
    gazetteer: Gazetteer | None = None,
    lexicon: Lexicon | None = None,
    *,
    estates: bool = True,
    faint: bool = False,
) -> Place:
    """The place that folded `text` names; of several buildings or rooms the first counts."""
    lexicon = lexicon or load_lexicon()
    estate = building = unit = room = None
    rest_at = 0
    if estates and (found := find_estate(text, gazetteer, lexicon)):
        estate, start, end = found
        # The estate's own digits (14号院, 云溪里3期) are no building.
        text = text[:start] + "\n" * (end - start) + text[end:]
    scene = text
    if (matched := _BUILDING.search(text)) and not _BETWEEN.match(text, matched.end()):
        building, rest_at = _norm(matched["name"]), matched.end()
    near = text[rest_at : rest_at + 12] if building else text
    if unit_match := _UNIT.search(near) or _UNIT.search(text):
        unit = _norm(unit_match["name"])
        # The unit of 2单元门口 is no part of the spot's name.
        scene = scene.replace(unit_match[0], "\n" * len(unit_match[0]), 1)
        if unit_match.string is near:
            rest_at += unit_match.end()
        elif not building:
            rest_at = unit_match.end()
    if building or unit:
        if (after := _ROOM_AFTER.match(text, rest_at)) and not _NOT_ROOM.match(text, after.end("name")):
            room = _norm(after["name"])
    elif hyphens := _HYPHENS.search(text):
        a, b, c = hyphens.group("a", "b", "c")
        if not (b is None and len(a) > 1 and a[0] == "B" and a[1:].isdigit()) and not re.match(
            r"\s*(?:元|块|人|号|年|月)", text[hyphens.end() :]
        ):
            building, unit, room = _norm(a), _norm(b) if b else None, _norm(c)
    room = room or _room_alone(text)
    return Place(estate, building, unit, room, find_spot(scene, lexicon, faint=faint, behind=rest_at or None))


def _norm(name: str) -> str | None:
    """A building's, unit's or room's name in ASCII digits and letters."""
    name = name.strip().upper()
    if name in {"甲", "乙", "丙", "丁"}:
        return name
    letter = name[-1] if len(name) > 1 and name[-1].isalpha() and name[-1].isascii() else ""
    core = name[:-1] if letter else name
    if core.isascii():
        return (str(int(core)) if core.isdigit() else core) + letter
    number = to_int(core)
    return None if number is None else str(number) + letter


def _room_alone(text: str) -> str | None:
    """A room without its building: 楼上1501, 301天天冲水."""
    if first := _ROOM_FIRST.match(text.lstrip()):
        return _norm(first["name"])
    for matched in _ROOM_ALONE.finditer(text):
        if (matched["lead"] or matched["tail"]) and not _NOT_ROOM.match(text, matched.end("name")):
            return _norm(matched["name"])
    return None


def parse_place(text: str, gazetteer: Gazetteer | None = None) -> Place:
    """The place named in `text` as residents write it; every part that is not said is None."""
    return find_place(fold(text), gazetteer)


#: Words around a place that say no more than that it is one.
_AROUND = re.compile(
    r"不是|应该|好像|大概|位置|地点|地址|小区|靠近|旁边|附近|门口|楼下|楼上|下面|上面|前面|后面|对面|那边|这边|中间|东边|西边|南边|北边|谢谢|麻烦|你好|您好|我们|我家|"
    r"[在是的啊哦呢吧嘛呀哈我家住这那里边头个就有和到从嗯对了也都第栋楼幢座单元号室层院区期门]"
)


def says_only(text: str, place: Place) -> bool:
    """Whether folded `text` says a place and nothing else: 「在3栋2单元那边」 does, 「我在5栋打麻将呢」 does
    not."""
    for part in (place.estate, place.spot):
        if part:
            text = text.replace(part, "")
    text = _AROUND.sub("", text)
    rest = re.sub(rf"[\dA-Za-z]|{NUMERAL}", "", text)
    return sum(character.isalnum() for character in rest) <= 1


def render_place(place: Place) -> str:
    """「3栋2单元501」: the way a place is written back; `parse_place` reads it again."""
    parts = [place.estate or ""]
    if place.building:
        parts.append(f"{place.building}栋")
    if place.unit:
        parts.append(f"{place.unit}单元")
    if place.room:
        parts.append(place.room if place.building or place.unit else f"{place.room}室")
    if place.spot:
        parts.append((" " if place.room else "") + place.spot)
    return "".join(parts)
