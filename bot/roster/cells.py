"""From cells to values: areas, phones, buildings, rooms, dates, names. Each raises `BadCell` with the
reason."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache

from bot.language import category_of, role_of
from bot.language.normalise import simplify
from bot.language.numerals import to_int
from models.people.rules import RELATION_NAMES, Relation
from models.time import CHINA

from .problem import BadCell

#: What people write for 「nothing here」.
NOTHING = {"", "-", "--", "---", "/", "\\", "—", "——"}
_INVISIBLE = dict.fromkeys(
    (
        0x200B,
        0x200C,
        0x200D,
        0x200E,
        0x200F,
        0x2060,
        0xFEFF,
        0x00AD,
        *range(0x202A, 0x202F),
        *range(0x2066, 0x206A),
    )
)
_BLANKS = re.compile(r"\s+")
_BLANK_BESIDE_CHINESE = re.compile(r"(?<=[\u3400-\u9fff]) (?=[\u3400-\u9fff])")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffd-\uffff]")
_QUOTED = re.compile(r'="([^"]*)"\Z')
_BROKEN = re.compile(r"#(?:N/A|REF!|VALUE!|NAME\?|DIV/0!|NUM!|NULL!|SPILL!|CALC!|#+)", re.IGNORECASE)


@lru_cache(maxsize=65536)
def clean(text: str) -> str:
    """Half-width, one blank for many, none between Chinese characters, nothing invisible. Raises `BadCell`
    for what is no plain text."""
    if text.isascii() and text.isalnum():
        return text
    if found := _CONTROL.search(text):
        raise BadCell(
            "roster/garbled" if found[0] == "\ufffd" else "roster/control", code=f"U+{ord(found[0]):04X}"
        )
    text = _BLANKS.sub(" ", unicodedata.normalize("NFKC", text.translate(_INVISIBLE))).strip()
    text = _BLANK_BESIDE_CHINESE.sub("", text)
    if text in NOTHING:
        return ""
    if quoted := _QUOTED.match(text):
        return quoted[1].strip()
    if _BROKEN.fullmatch(text):
        raise BadCell("roster/broken_formula")
    if text[0] in "=@" or (text[0] in "+-" and not text[1:2].isdigit()):
        raise BadCell("roster/formula")
    return text


_AREA = re.compile(
    r"(?:约)?(\d{1,3}(?:,\d{3})+|\d+)(?:\.(\d*))?(?:m2|m\^2|平方米|平方|平米|平|m|㎡)?\Z", re.IGNORECASE
)


@lru_cache(maxsize=8192)
def area(text: str) -> int:
    """「89.5㎡」→ 8950 hundredths of a square metre, exactly."""
    found = _AREA.match(text.replace(" ", ""))
    if found is None:
        raise BadCell("roster/area", text=text)
    fraction = (found[2] or "").rstrip("0")
    if len(fraction) > 2:
        raise BadCell("roster/area_decimals", text=text)
    value = int(Decimal(f"{found[1].replace(',', '')}.{fraction or 0}") * 100)
    if not 0 < value <= 10_000_000:
        raise BadCell("roster/area_size", text=text)
    return value


_BUILDING_TAIL = re.compile(r"(?:号楼|号栋|号幢|号座|#楼|号住宅楼|楼栋|栋楼|栋|幢|座|楼|号|#)\Z")
_UNIT_TAIL = re.compile(r"(?:号单元|单元|门|#|号)\Z")
_ROOM_TAIL = re.compile(r"(?:号房|号房间|房间|室|房|号|户)\Z")
_NAME = re.compile(r"(?:\d{1,6}[A-Z]?|[A-Z]\d{0,5}|[甲乙丙丁])\Z")


def _short(core: str) -> str | None:
    core = core.removeprefix("第")
    if core.isascii():
        if not _NAME.match(core):
            return None
    elif core not in {"甲", "乙", "丙", "丁"}:
        letter = core[-1] if core[-1].isascii() and core[-1].isalpha() else ""
        number = to_int(core.removesuffix(letter))
        return None if number is None else f"{number}{letter}"
    digits = core.rstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    return f"{int(digits)}{core[len(digits) :]}" if digits.isdigit() else core


def _named(text: str, tail: re.Pattern[str]) -> str:
    whole = simplify(text).upper().replace(" ", "")
    core = tail.sub("", whole)
    return (_short(core) if core else None) or whole


@lru_cache(maxsize=4096)
def building(text: str) -> str:
    """「三号楼」, 「3幢」, 「3」 → 「3」; 「b座」 → 「B」; 「综合楼」 stays."""
    return _named(text, _BUILDING_TAIL)


@lru_cache(maxsize=4096)
def unit(text: str) -> str:
    """「二单元」 → 「2」."""
    return _named(text, _UNIT_TAIL)


@lru_cache(maxsize=16384)
def room(text: str) -> str:
    """「0501室」 → 「501」."""
    return _named(text, _ROOM_TAIL)


_SEPARATORS = re.compile(r"[、,，;；/\n|]+")
_MARK = re.compile(r"\(([^()]*)\)")


@lru_cache(maxsize=65536)
def person_name(text: str) -> str:
    """「王 芳（1234）」 → 「王芳(1234)」."""
    return _MARK.sub(lambda mark: f"({mark[1].strip()})", text.replace(" (", "("))


@lru_cache(maxsize=65536)
def owners(text: str) -> str:
    """The set of names, sorted and joined by 、."""
    names = {person_name(part.strip()) for part in _SEPARATORS.split(text) if part.strip()}
    if any(len(name) > 60 for name in names):
        raise BadCell("roster/owners_name", text=max(names, key=len)[:20])
    return "、".join(sorted(names))


_NOT_PHONE = re.compile(r"[\s\-()._]+")
_PHONE = re.compile(r"1[3-9]\d{9}|0\d{9,11}(?:转\d{1,6})?|[2-9]\d{6,7}|400\d{7}|800\d{7}")


def phone(text: str) -> str:
    """「+86 138-0000-0000」 → 「13800000000」."""
    digits = re.sub(r"^(?:\+?86|0086)(?=1[3-9]\d{9}$)", "", _NOT_PHONE.sub("", text))
    if re.match(r"[\d.]+E\+?\d+\Z", text, re.IGNORECASE):
        raise BadCell("roster/phone_scientific", text=text)
    if not _PHONE.fullmatch(digits):
        raise BadCell("roster/phone", text=text)
    return digits


_KEY = re.compile(r"[^\s/\\?#%:;,、\"'<>|]+\Z")


def key(text: str) -> str:
    """A key as chats and addresses can carry it."""
    if not _KEY.match(text):
        raise BadCell("roster/key", text=text)
    return text


_DATE = re.compile(r"(\d{4})(?:[-/.年](\d{1,2})[-/.月](\d{1,2})日?|(\d{2})(\d{2}))(?:[ T]00:00(?::00)?)?\Z")
_OPEN = {"长期", "至今", "无", "不限", "现在", "今"}


@lru_cache(maxsize=4096)
def day(text: str) -> date | None:
    """「2026年1月31日」, 「2026-1-31」, 「20260131」; 「长期」 is no date."""
    if text in _OPEN:
        return None
    if found := _DATE.match(text):
        year, month, month_day = found[1], found[2] or found[4], found[3] or found[5]
        try:
            said = date(int(year), int(month), int(month_day))
        except ValueError:
            said = date.min
        if said.year == 9999:
            # What other programs write for 「open-ended」.
            return None
        if 1900 <= said.year < 2200:
            return said
    raise BadCell("roster/date", text=text)


def begins(text: str) -> datetime | None:
    """The first moment of a first day."""
    found = day(text)
    return None if found is None else datetime(found.year, found.month, found.day, tzinfo=CHINA)


def ends(text: str) -> datetime | None:
    """The moment after a last day."""
    found = day(text)
    return (
        None
        if found is None
        else datetime(found.year, found.month, found.day, tzinfo=CHINA) + timedelta(days=1)
    )


@lru_cache(maxsize=512)
def role(text: str) -> str:
    """「楼栋长」, 「十户长」, `captain`; 「楼栋长/十户长」 too when both mean the same."""
    for parts in ((text,), tuple(re.split(r"[/、]", text))):
        found = {role_of(p.strip().lower() if p.isascii() else p.strip()) for p in parts}
        if len(found) == 1 and (one := found.pop()):
            return one
    raise BadCell("roster/role", text=text)


@lru_cache(maxsize=512)
def categories(text: str) -> str:
    """Keys or Chinese names → keys joined by a comma; 「全部」 is none named."""
    if text in {"全部", "所有", "不限", "无"}:
        return ""
    found: list[str] = []
    for word in re.split(r"[、,，;；\s/]+", text):
        if not word:
            continue
        one = category_of(word)
        if one is None:
            raise BadCell("roster/category", text=word)
        if one not in found:
            found.append(one)
    return ",".join(sorted(found))


_RELATIONS = {
    **{r.value: r for r in Relation},
    **{name: r for r, name in RELATION_NAMES.items()},
    **dict.fromkeys(("产权人", "房主", "户主", "共有人"), Relation.OWNER),
    **dict.fromkeys(("家属", "亲属", "家庭成员", "配偶", "子女", "父母"), Relation.FAMILY),
    **dict.fromkeys(("租客", "承租人", "租赁", "租住"), Relation.TENANT),
}


def relation(text: str) -> Relation | None:
    """业主, 家人, 租户 and what else they are called."""
    if text == "无":
        return None
    found = _RELATIONS.get(text.lower())
    if found is None:
        raise BadCell("roster/relation", text=text)
    return found


_YES = {"是", "yes", "y", "true", "1", "已核", "已核实", "√", "✓", "对", "有"}
_NO = {"否", "no", "n", "false", "0", "未核", "未核实", "×", "x", "不是", "没有", "无", "未"}


def yes(text: str) -> bool:
    """是 or 否."""
    word = text.lower()
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise BadCell("roster/yes_no", text=text)
