"""The eight sheets of a roster and the names that they and their columns go by."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its names besides the English one, whether it must be there, and how long a cell may be."""

    key: str
    names: tuple[str, ...]
    required: bool = False
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet: its names besides the English one, and its columns."""

    key: str
    title: str
    names: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def required(self) -> tuple[str, ...]:
        """Columns without which the sheet says nothing."""
        return tuple(c.key for c in self.columns if c.required)


def _place(key: str, *, required: bool = False) -> Column:
    names = {
        "community": ("社区", "所属社区", "社区名称"),
        "estate": ("小区", "所属小区", "小区名称", "院落"),
        "building": ("楼栋", "楼号", "栋", "栋号", "楼栋号", "幢", "幢号", "座", "楼"),
        "unit": ("单元", "单元号"),
        "room": ("室", "房号", "房间", "房间号", "室号", "门牌", "门牌号", "房屋"),
        "grid": ("网格", "所属网格", "网格名称"),
    }[key]
    return Column(key, names, required, 20 if key in {"building", "unit", "room"} else 50)


_KEY = Column("key", ("编号", "人员编号", "代码"), required=True, limit=64)

SHEETS: dict[str, Sheet] = {
    sheet.key: sheet
    for sheet in (
        Sheet(
            "communities",
            "社区",
            ("community", "社区", "社区信息"),
            (
                _place("community", required=True),
                Column("street", ("街道", "所属街道", "镇街"), required=True),
                Column("district", ("区", "区县", "县区", "所属区"), required=True),
            ),
        ),
        Sheet(
            "estates",
            "小区",
            ("estate", "小区", "小区信息", "院落"),
            (
                _place("community", required=True),
                _place("estate", required=True),
                Column("aliases", ("别名", "俗称", "简称", "alias"), limit=200),
            ),
        ),
        Sheet(
            "grids",
            "网格",
            ("grid", "网格", "网格信息"),
            (_place("community", required=True), _place("grid", required=True)),
        ),
        Sheet(
            "buildings",
            "楼栋",
            ("building", "楼栋", "楼幢", "楼", "楼栋信息"),
            (
                _place("community", required=True),
                _place("estate", required=True),
                _place("building", required=True),
                _place("grid"),
            ),
        ),
        Sheet(
            "households",
            "户",
            ("household", "户", "住户", "户室", "房屋", "房屋信息", "房产", "住户信息"),
            (
                _place("community", required=True),
                _place("estate", required=True),
                _place("building", required=True),
                _place("unit"),
                _place("room", required=True),
                Column("area", ("面积", "建筑面积", "房屋面积", "产权面积", "专有面积"), required=True),
                Column("owners", ("owner", "业主", "产权人", "业主姓名", "房主"), limit=500),
            ),
        ),
        Sheet(
            "people",
            "人员",
            ("person", "人员", "居民", "人", "人员信息", "居民信息"),
            (
                _KEY,
                Column("name", ("姓名", "名字", "名称"), required=True, limit=40),
                Column(
                    "phone",
                    ("手机", "电话", "手机号", "手机号码", "联系电话", "联系方式", "mobile"),
                    limit=30,
                ),
                *(_place(k) for k in ("community", "estate", "building", "unit", "room")),
                Column("relation", ("身份", "关系", "与业主关系")),
                Column("title_checked", ("已核产权", "产权已核", "核产权", "产权核验")),
            ),
        ),
        Sheet(
            "posts",
            "岗位",
            ("post", "岗位", "职务", "任职", "职责"),
            (
                _KEY,
                Column("role", ("岗位", "职务", "角色", "身份"), required=True),
                *(_place(k) for k in ("community", "estate", "building", "grid")),
                Column("department", ("部门", "单位", "所属部门")),
                Column("categories", ("类别", "category", "分类", "负责类别", "事项类别"), limit=500),
                Column(
                    "deputy_for",
                    ("替谁", "代谁", "替补", "副手", "顶替", "b角对应", "a角编号", "替谁编号", "a角"),
                    limit=64,
                ),
                Column(
                    "from",
                    (
                        "起",
                        "since",
                        "自",
                        "从",
                        "开始",
                        "起始",
                        "开始日期",
                        "起始日期",
                        "任职日期",
                        "开始时间",
                        "起始时间",
                        "上任",
                    ),
                    limit=30,
                ),
                Column(
                    "until",
                    (
                        "止",
                        "to",
                        "至",
                        "到",
                        "结束",
                        "截止",
                        "结束日期",
                        "截止日期",
                        "离任日期",
                        "到期",
                        "结束时间",
                        "卸任",
                    ),
                    limit=30,
                ),
            ),
        ),
        Sheet(
            "chats",
            "群",
            ("chat", "群", "群聊", "微信群", "群组"),
            (
                Column("chat", ("群编号", "key", "编号", "群号", "群id"), required=True, limit=128),
                Column("name", ("名称", "群名", "群名称", "群名字"), limit=80),
                Column("channel", ("渠道", "平台", "通道", "频道"), required=True, limit=20),
                _place("community", required=True),
                _place("estate"),
                _place("building"),
            ),
        ),
    )
}

_NAMES: dict[str, dict[str, str]] = {
    s.key: {name: c.key for c in s.columns for name in (c.key, *c.names)} for s in SHEETS.values()
}
_BRACKETS = re.compile(r"\([^)]*\)|\[[^\]]*\]|【[^】]*】")
_ORDER = re.compile(r"^[\d\s_.、\-]+")
_TAIL = re.compile(r"(?:名册|名单|花名册|清单|台账|信息表|一览表|登记表|表)$")


def _plain(text: str) -> str:
    return re.sub(r"[\s_*:]+", "_", unicodedata.normalize("NFKC", text).strip().lower()).strip("_")


@lru_cache(maxsize=1024)
def column_of(sheet: str, header: str) -> str | None:
    """The column that a header cell names: 「面积(m²)」, 「Area」, 「小区 estate」; None for any other."""
    names = _NAMES[sheet]
    whole = _plain(header)
    bare = _plain(_BRACKETS.sub("", unicodedata.normalize("NFKC", header)))
    for name in (whole, bare, whole.replace("_", ""), bare.replace("_", "")):
        if name in names:
            return names[name]
    parts = {names[p] for p in re.split(r"[_/|()\[\]【】]+", whole) if p in names}
    return parts.pop() if len(parts) == 1 else None


@lru_cache(maxsize=256)
def sheet_of(name: str) -> str | None:
    """The sheet that a file's stem or a worksheet's name means: 「households」, 「02_住户表」; None for any
    other."""
    known = {n: s.key for s in SHEETS.values() for n in (s.key, *s.names)}
    plain = _plain(name)
    bare = _ORDER.sub("", _plain(_BRACKETS.sub("", unicodedata.normalize("NFKC", name))))
    for form in (plain, bare, _TAIL.sub("", bare)):
        if form in known:
            return known[form]
    parts = {known[p] for p in re.split(r"[_\-\s/.]+", bare) if p in known}
    return parts.pop() if len(parts) == 1 else None
