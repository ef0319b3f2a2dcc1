"""Places in residents' words: 3栋2单元501, 3-2-501, 三号楼, A座, 14号院, 地下车库B区, 东门."""

from __future__ import annotations

import re
from functools import cache

from bot.language.lexicon import Lexicon, cut, load_lexicon, tokenizer
from bot.language.normalise import fold
from bot.language.numerals import NUMERAL, to_int
from bot.language.understanding import Gazetteer, Place

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
_YARD = re.compile(rf"(?P<name>(?:[\u4e00-\u9fff]{{2,6}}?(?:路|街|巷|道|弄))?{_NUMBER}号(?:大院|院子|院))")
_FLOOR_SPOT = re.compile(rf"(?:负|地下)(?:{NUMERAL}|\d)(?:楼|层)")
_ZONE = re.compile(r"(?:[A-Za-z]\d?|东|西|南|北|[一二三四五六七八九]|\d{1,2})(?:区|片区|号口)")
_PARKING = re.compile(r"(?<![A-Za-z\d])B\d-\d{2,4}(?!\d)")
_STAGE = rf"(?:(?:{NUMERAL}{{1,2}}|\d{{1,2}}|[A-Za-z])(?:期|区)|[东西南北中](?:区|苑|园)|(?:{NUMERAL}|\d|[A-Za-z])号?院)?"


_STAGE_RE = re.compile(_STAGE)


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


#: 就小区出来那个丁字路口, 就在凉亭: a clause that only tells the way.
_POINTING = re.compile(
    r"(?:^|[,。!?;\s])(?:就(?:在|是)?[^,。!?;\s]{0,8}|(?:位置|地点)(?:在|是)?:?)\Z|停(?:在|到|了|我们|满)*\Z"
)


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


_CHINESE = re.compile(r"[\u4e00-\u9fff]{2,4}")
_PLACE_END = re.compile(r"[室馆堂亭棚坊摊铺店站厅厕间场房井]")
#: 时间, 现场, 楼房 end like places; with three characters (暖瓶间) they are some.
_BAD_PLACE = re.compile(
    r"^.?[间场房]$|^[一二两三四五六七八九十几][室厅房间]|(?:时|期|空|中|夜|世|民|瞬|人|之|其|晚|日|市|现|当|立|在|一|二|两|几|每|这|那|到|本|新|开|网|车|我|你|他|的|名|天|课|单|首)[间场室馆堂店站]$"
)
#: The rank of a real place or piece of equipment; fittings and floors stand below it, then grounds, then what
#: is everywhere.
_REAL = 3
#: 1号门, A3区, 北梯, C17桩.
_NUMBERED_SPOT = re.compile(
    r"(?<![\dA-Za-z])(?:(?:\d{1,2}|[一二三四五六七八九])号(?:门|口|出口|入口|电梯|梯)|[A-Z]\d{1,2}区|[A-Z]\d{0,2}出?口(?!味)|[东西南北大小](?:侧)?梯(?![子田])|[A-Z]\d{1,3}(?:车位|桩)|第?[一二三四五六七八九]单元门口)"
)
_GATE = re.compile(r"[东西南北]+(?:大)?门|安全出口")
#: 医院对面的花店: the spot only tells where the other one is.
_BESIDE = re.compile(r"(?:旁边|对面|后面|外面|边上|隔壁|楼下)的")
_THAT_WAY = re.compile(r"(?:那|这)条(?P<way>小?路|巷子|沟|河|街)")


def _estate_from_gazetteer(text: str, gazetteer: Gazetteer) -> tuple[str, int, int] | None:
    best: tuple[str, int, int] | None = None
    for name, estate in gazetteer.estates.items():
        at = text.find(fold(name))
        if at >= 0 and (best is None or len(name) > best[2] - best[1]):
            best = (estate, at, at + len(fold(name)))
    return best


_ESTATE = re.compile(
    r"[\u4e00-\u9fff]{0,9}?(?:小区|花园|家园|佳苑|雅苑|嘉苑|家属院|家属区|老院子|大院|宿舍(?:老院子|大院|区|院)?|公寓|新村|名城|新城|国际城|公馆|华府|豪庭|华庭|庭院|山庄|人家(?=小区|[\d一二三四五六七八九十]{1,3}(?:栋|幢|座|号楼|-))|[\u4e00-\u9fff][苑里园府庭湾郡轩城](?=小区)|"
    r"[\u4e00-\u9fff]{2}[苑里园府庭湾郡轩城居](?=(?:[一二三四五六七八九]|\d)期|\d{1,3}-\d|的(?:业主|楼上|楼下|电梯|住户)|[一二三四五六七八九十\d]{1,3}(?:栋|幢|座|号楼)|[A-Z东西南北]区|(?:凉亭|中庭|门口|东门|西门|南门|北门))|[\u4e00-\u9fff]{2,3}[一壹二]号(?=外头|门口|小区|楼盘|的|[\d一二三]+[栋幢座])|"
    r"[\u4e00-\u9fff]{2,4}(?=(?:[一二三四五六]|\d)期))(?:小区)?"
)
_BAD_NAME = re.compile(
    r"(?:我们|咱们|你们|他们|这个|那个|哪个|别的|其他|隔壁|整个|全|本|该|某|各|每个|老旧|老|新|旧|人家|好|外面|大|小|自家)(?:的)?(?:小区|花园|大院|宿舍|公寓|家园)$|^(?:后|前|小|大|中心|公共|空中|屋顶|街心)花园$|^(?:学生|员工|大学|女生|男生|单位)(?:宿舍|公寓)$|(?:时候|冰箱|家里|屋里|老人家|别人家|谁人家|一个人家|帮人家)|^(?:入户|屋顶|空中|楼顶)花园$|^老家属(?:院|区)$|^.小区$"
)


def _estate_by_grammar(text: str, lexicon: Lexicon) -> tuple[str, int, int] | None:
    if matched := _YARD.search(text):
        return matched["name"], *matched.span()
    for matched in _ESTATE.finditer(text):
        start, end = matched.span()
        at = start
        for token in tokenizer().cut(matched[0], HMM=False):
            at += len(token)
            if token in lexicon.not_in_names and at < end:
                start = at
        stage = _STAGE_RE.match(text, end)
        if stage and stage[0]:
            end = stage.end()
        name = text[start:end]
        if len(name) < 3 or name in lexicon.not_estates or _BAD_NAME.search(name):
            continue
        return name, start, end
    return None


def _room_alone(text: str) -> str | None:
    """A room without its building: 楼上1501, 301天天冲水."""
    if first := _ROOM_FIRST.match(text.lstrip()):
        return _norm(first["name"])
    for matched in _ROOM_ALONE.finditer(text):
        if (matched["lead"] or matched["tail"]) and not _NOT_ROOM.match(text, matched.end("name")):
            return _norm(matched["name"])
    return None


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
    found = _estate_from_gazetteer(text, gazetteer) if gazetteer is not None and gazetteer.estates else None
    if found is None and estates:
        found = _estate_by_grammar(text, lexicon)
    if found is not None:
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
