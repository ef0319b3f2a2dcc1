"""Places in residents' words: 3栋2单元501, 3-2-501, 三号楼, A座, 14号院, 地下车库B区, 东门."""

from __future__ import annotations

import re
from functools import cache

from .lexicon import Lexicon, load_lexicon
from .normalise import fold
from .numerals import NUMERAL, to_int
from .understanding import Gazetteer, Place

_NUMBER = rf"(?:\d{{1,4}}|{NUMERAL}{{1,4}})"
_NAME = rf"(?:{_NUMBER}[A-Za-z]?|[A-Za-z]\d{{0,3}}|[甲乙丙丁])"
_BUILDING = re.compile(
    rf"(?<![这那每几整本全某哪同第])第?(?<![\d.\-A-Za-z])(?P<name>{_NAME})(?:号楼|号栋|号幢|号座|#楼|#(?=\d|-|\D)|栋楼(?!房)|栋|幢|座(?!位|椅|谈|机|城|山|桥))"
)
_UNIT = re.compile(rf"(?<![\d.\-A-Za-z个])(?P<name>\d{{1,2}}|{NUMERAL}{{1,3}}|[A-Za-z])(?:号)?(?:单元|门(?=\d{{3,4}}))")
_HYPHENS = re.compile(r"(?<![\dA-Za-z.:/\-])(?P<a>[A-Za-z]?\d{1,3}|[A-Za-z])[-_](?:(?P<b>\d{1,2}|[A-Za-z])[-_])?(?P<c>\d{3,4})(?:室|号|房)?(?![\d.:\-/A-Za-z%年月日元块])")
_ROOM_AFTER = re.compile(r"[\s,、的]{0,2}(?:[-_]?)(?P<name>\d{3,4}|[A-Za-z]\d{3})(?P<tail>室|号房|房|号|住户|户|家|的|[A-Za-z](?![A-Za-z]))?(?![\d.:/%年月元块路度瓦平])")
_ROOM_ALONE = re.compile(
    r"(?<![\d.\-:/A-Za-z¥￥])(?:(?P<lead>楼上|楼下|隔壁|对门|对面|对屋|我家|我家是|我是|住|家住|我住|住在|我们|我们家|门牌|房号|他家|业主|户主|邻居)[的是在那:]{0,2})?"
    r"(?P<name>[1-9]\d{2,3})(?P<tail>室|号房|房间|房|户|住户|业主|家|那家|那户|的邻居|的租客|租客|门口|楼上|楼下|的?(?:大哥|大姐|阿姨|奶奶|爷爷))?(?![\d.:/%\-A-Za-z])"
)
_NOT_ROOM = re.compile(r"\s*(?:年|月|日|元|块|路|点|度|斤|公斤|平|米|个|人|次|瓦|毫|克|分|票|户(?!主|型)|名|天|小时|公里|里|集|多|左右|万|号线|热线|w|W|mm|ml|MB|kg)")
_YARD = re.compile(rf"(?P<name>(?:[\u4e00-\u9fff]{{2,6}}?(?:路|街|巷|道|弄))?{_NUMBER}号(?:大院|院子|院))")
_FLOOR_SPOT = re.compile(rf"(?:负|地下)(?:{NUMERAL}|\d)(?:楼|层)")
_ZONE = re.compile(r"(?:[A-Za-z]\d?|东|西|南|北|[一二三四五六七八九]|\d{1,2})(?:区|片区|号口)")
_PARKING = re.compile(r"(?<![A-Za-z\d])(?:B\d|[A-Z])[-]?\d{2,4}(?!\d)(?:号)?(?=.{0,4}(?:车位|停)|)")
_STAGE = rf"(?:(?:{NUMERAL}{{1,2}}|\d{{1,2}}|[A-Za-z])(?:期|区)|[东西南北中](?:区|苑|园)|(?:{NUMERAL}|\d|[A-Za-z])号?院)?"


def _norm(name: str) -> str | None:
    """A building's, unit's or room's name in ASCII digits and letters."""
    name = name.strip().upper()
    if name in {"甲", "乙", "丙", "丁"}:
        return name
    letter = name[-1] if len(name) > 1 and name[-1].isalpha() and name[-1].isascii() else ""
    core = name[: -1] if letter else name
    if core.isascii():
        return (str(int(core)) if core.isdigit() else core) + letter
    number = to_int(core)
    return None if number is None else str(number) + letter


@cache
def _spot_pattern(lexicon_id: int) -> re.Pattern[str]:
    lexicon = load_lexicon()
    names = sorted(lexicon.spots, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, names)))


@cache
def _not_spot_pattern(lexicon_id: int) -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, load_lexicon().not_spots)))


@cache
def _joints(lexicon_id: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    lexicon = load_lexicon()
    longest_first = (tuple(sorted(words, key=len, reverse=True)) for words in (lexicon.spot_before, lexicon.spot_after))
    before, after = longest_first
    return before, after


def find_spot(text: str, lexicon: Lexicon | None = None) -> str | None:
    """The spot that folded `text` is about: the first real place, else the first piece of equipment."""
    lexicon = lexicon or load_lexicon()
    barred = [found.span() for found in _not_spot_pattern(0).finditer(text)]
    found: list[tuple[int, int, int]] = []
    for matched in _spot_pattern(0).finditer(text):
        start, end = matched.span()
        if any(a <= start and end <= b for a, b in barred):
            continue
        rank = lexicon.spots[matched[0]]
        if found and found[-1][1] == start:
            found[-1] = (found[-1][0], end, max(rank, found[-1][2]))
        else:
            found.append((start, end, rank))
    for matched in _FLOOR_SPOT.finditer(text):
        if not any(start <= matched.start() < end for start, end, _ in found):
            found.append((*matched.span(), 1))
    if not found:
        return None
    best = max(rank for _, _, rank in found)
    start, end, _ = next(item for item in sorted(found) if item[2] == best)
    before, after = _joints(0)
    for word in before:
        if text.endswith(word, 0, start):
            start -= len(word)
            break
    if zone := _ZONE.match(text, end):
        end = zone.end()
    else:
        for word in after:
            if text.startswith(word, end) and word not in {"里", "旁", "边", "口"}:
                end += len(word)
                break
    return text[start:end]


def _estate_from_gazetteer(text: str, gazetteer: Gazetteer) -> tuple[str, int, int] | None:
    best: tuple[str, int, int] | None = None
    for name, estate in gazetteer.estates.items():
        at = text.find(fold(name))
        if at >= 0 and (best is None or len(name) > best[2] - best[1]):
            best = (estate, at, at + len(fold(name)))
    return best


@cache
def _estate_pattern(lexicon_id: int) -> re.Pattern[str]:
    ends = "|".join(map(re.escape, load_lexicon().estate_ends))
    return re.compile(rf"(?P<name>[\u4e00-\u9fff]{{2,6}}?(?:{ends})(?:小区|大院|宿舍|家属院)?{_STAGE})")


_BEFORE_ESTATE = re.compile(r"(?:^|[\s,.。!?:;、(@\"]|我是|我家是|我家在|我们是|我住|住在|家住|住|我们|我家|家在|在|是|咱们|咱|的|就|呃|喂|你好|那个|整个|反映|小区|,)$")
_NO_NAME = re.compile(r"^(?:我|你|他|她|咱|俺|这|那|哪|某|各|每|全|整|隔壁|对面|别|其他|有|没|在|去|到|从|是|的|了|把|被|跟|和|就|都|也|还|又|一|两|几|不|请|问|听说|新|老|旧|好|大|小|进|出|上|下|前|后|外|里|门|楼|车|家里|今天|昨天|明天|现在|刚才|早上|晚上|大家|为什么|怎么|什么|谁|物业|社区|业主|居民|邻居)")


def _estate_by_grammar(text: str, lexicon: Lexicon) -> tuple[str, int, int] | None:
    if matched := _YARD.search(text):
        name = matched["name"]
        return name, *matched.span()
    for matched in re.finditer(r"[\u4e00-\u9fff]{1,8}?(?:小区|花园|家园|佳苑|雅苑|嘉苑|家属院|家属区|老院子|大院|宿舍|公寓|新村|花苑|[\u4e00-\u9fff]苑|名城|新城|国际城|公馆|华府|豪庭|华庭|庭院|山庄|家苑|名苑|人家|[\u4e00-\u9fff]里(?=\d|[一二三四五]期|小区|的)|[一二三四]号(?=外头|门口|院|小区|楼盘|的)|[\u4e00-\u9fff]{2}里(?=\d期))", text):
        start, end = matched.span()
        name = matched[0]
        # Words before the name that belong to the sentence: cut at the last of them.
        for word in _SENTENCE_WORDS:
            at = name.rfind(word)
            if at >= 0 and at + len(word) < len(name) - 1:
                start += at + len(word)
                name = name[at + len(word) :]
        if name in lexicon.not_estates or len(name) < 3 or _NO_NAME.match(name):
            continue
        stage = re.compile(_STAGE).match(text, end)
        if stage and stage[0]:
            end = stage.end()
            name = text[start:end]
        return name, start, end
    return None


_SENTENCE_WORDS = (
    "我们是", "我家是", "我家在", "我是", "我住", "住在", "家住", "我们", "咱们", "我家", "你好", "您好", "那个", "就在", "现在", "反映", "小区的", "谁家", "招聘", "关于", "昨天", "今天", "昨晚", "刚才", "整个", "听说", "隔壁", "位于", "系",
    "在", "是", "呃", "喂", "的", "到", "和", "把", "这", "给", "请", "说", "叫", "住", "去", "从", "跟", "有",
)


def find_place(text: str, gazetteer: Gazetteer | None = None, lexicon: Lexicon | None = None, *, estates: bool = True) -> Place:
    """The place that folded `text` names; of several buildings or rooms the first counts."""
    lexicon = lexicon or load_lexicon()
    estate = building = unit = room = None
    rest_at = 0
    found = _estate_from_gazetteer(text, gazetteer) if gazetteer is not None and gazetteer.estates else None
    if found is None and estates:
        found = _estate_by_grammar(text, lexicon)
    if found is not None:
        estate, start, end = found
        # The estate's own digits (14号院, 云溪里3期) are no building.
        text = text[:start] + "\n" * (end - start) + text[end:]
    if matched := _BUILDING.search(text):
        building, rest_at = _norm(matched["name"]), matched.end()
    near = text[rest_at : rest_at + 12] if building else text
    if unit_match := _UNIT.search(near) or _UNIT.search(text):
        unit = _norm(unit_match["name"])
        if unit_match.string is near:
            rest_at += unit_match.end()
        elif not building:
            rest_at = unit_match.end()
    if building or unit:
        if (after := _ROOM_AFTER.match(text, rest_at)) and not _NOT_ROOM.match(text, after.end("name")):
            room = _norm(after["name"])
    else:
        if hyphens := _HYPHENS.search(text):
            a, b, c = hyphens.group("a", "b", "c")
            if not (b is None and len(a) > 1 and a[0] == "B" and a[1:].isdigit()) and not re.match(r"\s*(?:元|块|人|号|年|月)", text[hyphens.end() :]):
                building, unit, room = _norm(a), _norm(b) if b else None, _norm(c)
    if room is None:
        for matched in _ROOM_ALONE.finditer(text):
            if not (matched["lead"] or matched["tail"]) or _NOT_ROOM.match(text, matched.end("name")):
                continue
            if matched["tail"] in {"家"} and not matched["lead"] and not building:
                pass
            room = _norm(matched["name"])
            break
    return Place(estate, building, unit, room, find_spot(text, lexicon))


def parse_place(text: str, gazetteer: Gazetteer | None = None) -> Place:
    """The place named in `text` as residents write it; every part that is not said is None."""
    return find_place(fold(text), gazetteer)


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
