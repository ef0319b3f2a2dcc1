"""Formal addresses (浙江省杭州市…路9号7号楼302): building, unit and room behind province, road and estate."""

from __future__ import annotations

import re

from .numerals import NUMERAL, to_int
from .understanding import Place

_FORMAL = re.compile(
    r"(?:省|市|自治区|[\u4e00-\u9fff](?:区|县|州|岛|桥|山|河|庭|阁|轩|墅|寓|馆|所|院|铺|店|厂|场|坊|屯|组|幢|栋|座|单元|室|镇|乡|街道|路|街|弄|巷|大道|村|苑|园|城|厦|广场|庭|府|湾|公寓|小区|里|坊|居|邸|郡|庄|社区|公司|中心|楼|院|市场|基地|新村|家园|工业区|园区|门))"
)
_TALK = re.compile(
    r"[。!?;\n]|[了吗呢吧啊嘛呀咯]|没有|坏|漏水|停水|停电|堵|吵|请问|我们|我家|我是|我住|你们|他们|怎么|什么|麻烦|谢谢|有人|扰|投诉|反映|问题|楼道|电梯|,.*,|报修|旁边的|这个|那个"
)
#: Without a province, a town or a road these short forms are what residents write; the talk's grammar reads them.
_SHORT = re.compile(r"^\D{0,6}\d{1,3}(?:栋|幢|座|号楼|单元|-).{0,12}$")
#: Four characters of a name before the first number: 春城名苑5-2-301.
_NAMED = re.compile(r"\D{4,}[\dA-Za-z]")
_ADMIN = re.compile(r"[省市区县镇乡]|街道|[路街巷弄]\d|大道")
_N = rf"(?:\d{{1,5}}|{NUMERAL}{{1,4}})"
#: A road with its number: 文三路23号, 解放街12弄, 路1102 before a hyphen; what follows the first number is the house.
_ROAD = re.compile(
    rf"[\u4e00-\u9fff](?:路|街|大道|(?<!街)道(?!院)|巷|弄|胡同|公路|国道|省道|大街|里弄)(?:(?:东|西|南|北|中)段)?(?P<no>{_N}(?!\d|号?[栋幢座撞]|号[楼搂]|单元|楼|期|区|组)(?:号|弄|(?=-)|(?=[^\d-])|$))"
)
_VILLAGE = re.compile(r"[村组队坞埭屯]|社区|工业|市场")
_MALL = re.compile(r"(?:市场|商贸城|珠宝城|广场|大厦|(?<!花)城(?<!名城)(?<!新城)|[\d一二三四五六七八九十]楼|层)$")
#: A number with 号 behind an estate is a house; behind a village or a market it is a plot or a stall.
_ESTATE_END = re.compile(
    r"(?:花园|苑|小区|公寓|家园|新村|花城|名城|[园庭府湾居邸郡轩城里坊庄墅]|[东西南北一二三四五六七八九十\d]区|[一二三四五六\d]期|弄|大院|宿舍)$"
)
_BUILDING = re.compile(
    rf"(?P<name>(?:[A-Za-z]{{1,2}}[-]?)?{_N}[A-Za-z]?|[A-Za-z]{{1,2}}\d{{0,3}}|[甲乙丙丁东西南北])(?P<mark>号楼|号搂|号栋|号幢|号座|栋楼|栋|幢|撞(?=\d|$)|座(?!位)|#楼|#|号馆|号门(?=\d)|(?<=[\dA-Za-z])楼(?=\d{{1,2}}单元)|号高楼)"
)
_UNIT = re.compile(rf"(?P<name>\d{{1,3}}|{NUMERAL}{{1,3}}|[A-Za-z])(?:号)?(?:单元|単元)")
_FLOOR = re.compile(rf"(?:-)?(?P<name>{_N}|[BbFf]\d)(?:楼|层|[Ff](?![a-z]))")
_ROOM = re.compile(r"(?P<name>[A-Za-z]?-?\d{1,5}[A-Za-z]?(?:[-~、]\d{1,5}(?!\d))?)(?!\d)(?:号?室|号房|房间|房|户|号铺|号商铺|号店|号(?!楼|栋|幢|座|院)|)")


def looks_formal(text: str) -> bool:
    """Whether folded `text` is one address and no sentence."""
    if len(text) > 80 or not _FORMAL.search(text) or _TALK.search(text) or not any(sign.isdigit() for sign in text):
        return False
    return bool(_ADMIN.search(text)) or bool(_NAMED.match(text) and not _SHORT.match(text))


def _plain(name: str) -> str | None:
    name = name.strip("-").upper()
    if not name:
        return None
    if name.isascii():
        return str(int(name)) if name.isdigit() else name
    if name in {"甲", "乙", "丙", "丁"}:
        return name
    number = to_int(name)
    return None if number is None else str(number)


def parse_formal(text: str) -> Place:  # noqa: C901, PLR0912 - a grammar is a list of cases
    """The parts of a formal address; its road number is no building."""
    text = text.replace(" ", "").replace("_", "-").replace("~", "-").replace("－", "-")
    text = re.sub(r"-{2,}", "-", text)
    # 4一2一301: a Chinese one typed for a hyphen.
    text = re.sub(r"(?<=[\dA-Za-z])一(?=\d)", "-", text)
    road_end = 0
    for road in _ROAD.finditer(text):
        road_end = road.end()
    tail = text[road_end:]
    if road_end and tail.startswith("-"):  # noqa: SIM102 - the two conditions are two thoughts
        # 路20-5-1-302, 路20-5号: the road's number, then the house and what is in it.
        if chain := re.match(r"-([A-Za-z]?\d{1,4}[A-Za-z]?)(?:号)?(?:-(\d{1,3}|[A-Za-z])(?=-))?(?:-(\d{2,5}[A-Za-z]?))?(?![\d-])", tail):
            behind = tail[chain.end() :]
            if not re.match(r"(?:号)?[栋幢座]|号楼", behind) and not _BUILDING.search(behind):
                return Place(None, _plain(chain[1]), _plain(chain[2]) if chain[2] else None, _plain(chain[3]) if chain[3] else _room(behind, alone=True))
    building = unit = room = None
    at = 0
    marked = None
    for matched in _BUILDING.finditer(tail):
        marked = matched
        break
    if marked is not None:
        building, at = _plain(marked["name"]), marked.end()
        front = tail[: marked.start()]
        if not building:
            building = None
        if unit_before := _UNIT.search(front):
            unit = _plain(unit_before["name"])
    rest = tail[at:]
    if found := _UNIT.search(rest):
        unit = _plain(found["name"])
        if building is None and (before := re.search(r"(\d{1,4}|[A-Za-z]\d{0,2})(?:号|-)?$", rest[: found.start()])):
            building = _plain(before[1])
        rest = rest[found.end() :]
        room = _room(rest)
        return Place(None, building, unit, room)
    if building is not None:
        pair = re.match(r"-?(\d{1,3}|[A-Za-z])-(\d{2,5}[A-Za-z]?)(?:室|号|房)?(?!\d)", rest)
        if pair:
            return Place(None, building, unit or _plain(pair[1]), _plain(pair[2]))
        if cell := re.match(r"-?(\d{1,3}|[A-Za-z])号(?![楼院室房])", rest):
            return Place(None, building, unit or _plain(cell[1]), _room(rest[cell.end() :]))
        return Place(None, building, unit, _room(rest))
    # no marked building: 春城名苑5-2-301, 春城名苑5-301, 花园5号, 大厦1201
    if triple := re.search(r"(?<![\d])([A-Za-z]?\d{1,4}[A-Za-z]?|[A-Za-z])(?:号)?-(\d{1,3}|[A-Za-z])-(\d{1,5}[A-Za-z]?)(?:室|号|房)?(?![\d-])", tail):
        return Place(None, _plain(triple[1]), _plain(triple[2]), _plain(triple[3]))
    if (hall := re.search(r"(?<!\d)(\d{1,3}|[一二三四五六七八九十]{1,2})街(\d{3,5})", text)) and re.search(r"商贸城|市场|贸易城", text):
        return Place(None, None, _plain(hall[1]), _plain(hall[2]))
    if plot := re.search(r"(?:村|组)\d{1,4}-(\d{1,4})号", tail):
        return Place(None, _plain(plot[1]), None, None)
    if double := re.search(r"(?<![\d-])([A-Za-z]?\d{1,4}[A-Za-z]?|[A-Za-z]{1,2})(?:号)?-([A-Za-z]?\d{1,5}[A-Za-z]?)(?:室|号|房)?(?![\d-])", tail):
        first, second = _plain(double[1]), _plain(double[2])
        if re.match(r"(?:弄|号楼|栋)", tail[double.end() :]) or (len(double[2]) <= 3 and _MALL.search(tail[: double.start()])):
            return Place(None, None, None, None)
        if len(double[2]) <= 2 and not double[0].endswith(("室", "房")):
            return Place(None, first, second, None)
        return Place(None, first, None, second)
    if road_end and (house := re.match(r"(\d{1,4})号(?!楼|院|门)", tail)):
        return Place(None, _plain(house[1]), None, _room(tail[house.end() :], alone=True))
    for numbered in re.finditer(r"(?<=[\u4e00-\u9fff])(\d{1,4}|[A-Za-z]\d{0,3})号(?!楼|线|门)", tail):
        if _ESTATE_END.search(tail[: numbered.start()]) or not (
            road_end or _VILLAGE.search(tail[: numbered.start()]) or _MALL.search(tail[: numbered.start()])
        ):
            return Place(None, _plain(numbered[1]), None, _room(tail[numbered.end() :], alone=True))
    if (stall := re.search(r"([A-Za-z]{1,2}\d{2,5})(?:室|号|房)?(?!\d)", tail)) and _MALL.search(tail[: stall.start()]):
        return Place(None, None, None, _plain(stall[1]))
    if (shop := re.search(r"(\d{2,5})号", tail)) and _MALL.search(tail[: shop.start()]):
        return Place(None, None, None, _plain(shop[1]))
    if mixed := re.search(r"(?<=[\u4e00-\u9fff])(\d{1,3}[A-Za-z])(\d{3,4})?(?:室)?$", tail):
        return Place(None, _plain(mixed[1]), None, _plain(mixed[2] or ""))
    if lettered := re.search(r"(?<=[\u4e00-\u9fff])([A-Za-z]{1,2})(\d{3,5})(?![\d室房号])", tail):
        return Place(None, _plain(lettered[1]), None, _plain(lettered[2]))
    # the part behind a floor is a room
    if floor := _FLOOR.search(tail):
        return Place(None, None, None, _room(tail[floor.end() :]))
    if (ending := re.search(r"(?<=[\u4e00-\u9fff])(\d{1,3})$", tail)) and _ESTATE_END.search(tail[: ending.start()]):
        return Place(None, _plain(ending[1]), None, None)
    return Place(None, None, None, _room(tail, alone=True))


def _room(text: str, *, alone: bool = False) -> str | None:
    """The room in what follows building and unit."""
    if floor := _FLOOR.search(text):
        text = text[floor.end() :]
    for matched in _ROOM.finditer(text):
        name = matched["name"]
        if len(re.sub(r"\D", "", name)) < (3 if alone else 1):
            continue
        if alone and re.match(r"号(?!室|房|铺|商铺)", text[matched.end("name") :]):
            continue
        if re.match(r"(?:期|区|弄|米|元|路|街|幢|栋|座|年|月|组|队|大道|厂|中|小)", text[matched.end() :]):
            continue
        return _plain(name.replace("、", "-"))
    return None
