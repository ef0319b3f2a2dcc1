"""接龙: the numbered list that residents pass around, as a title and its entries."""

from __future__ import annotations

import re
from typing import Any

_HEAD = re.compile(r"^\s*#?\s*(?:接龙|group ?note)\s*[:|,]?\s*|(?<=\S)接龙(?=[\s:,]|$)", re.IGNORECASE)
_KEYCAP = re.compile("(\\d)\ufe0f?\u20e3")
#: 1. 1、 (1) 一、 ①, or a number glued to a name; 12月10日前报完 is a line of the heading.
_MARK = (
    r"(?:\(?(?P<n>\d{1,3})\s*(?:[.、)\]:]\s*(?!\d+[:点月])|\s+|(?=[\u4e00-\u9fffA-Za-z+])(?![月日号点元块斤年时份]|个[月人]|[单栋幢楼]元?\S))"
    r"|\(?[一二三四五六七八九十]{1,3}[、.)]\s*|(?P<c>[①-⑳❶-❿])\s*)"
)
_LINE = re.compile(
    rf"^\s*(?:(?P<lead>(?:周|星期|礼拜)[一二三四五六日天]|\d{{1,2}}[日号]|[上下]午|[^\s\d#]{{1,6}}(?=\s+\d{{1,3}}[.、)]))\s*)?{_MARK}(?P<body>.*)$"
)
_INLINE = re.compile(r"(?:(?<=\s)|^)(?P<n>\d{1,3})[.、)]\s*(?=\S)")
_EXAMPLE = re.compile(r"^\s*(?:例如?|示例|格式|模板|比如|参考|样例)\s*[:.、]?")
_EMPTY = re.compile(r"^(?:|缺|空|无|暂缺|待定|空缺|-+|/|x|\?+|___*)$", re.IGNORECASE)
_COUNT = re.compile(
    r"(?:要|不要|加|报|来|订|各)?(?:\d+(?:\.\d+)?|[一二两三四五六七八九十半]+)(?:份|人|位|箱|盒|袋|斤|公斤|只|个|把|件|本|桶|包|瓶|张|户|家|双|条|串|打|套|票|名|大|小|组|单|板|提|筐|扎|匹|块|kg|g)?(?![\d\u4e00-\u9fff-])|[+＋]\d+|\d+(?:份|人|位|箱|盒|袋|斤)"
)
_ROOM = re.compile(
    r"^(?:[A-Za-z]?\d{1,3}[-—](?:\d{1,2}[-—])?\d{2,4}|\d{3,4}|\d{1,3}(?:栋|幢|号楼|座)(?:\d{1,2}单元)?(?:\d{3,4})?|\d{1,2}楼的?)(?:室|号)?$"
)
_BRACKET = re.compile(r"^(?P<name>[^()\[\]]{1,14}?)\s*[(\[](?P<note>[^)\]]*)[)\]]\s*(?P<more>.*)$")
_GLUED_ROOM = re.compile(r"^(?P<name>[\u4e00-\u9fffA-Za-z]{2,6}?)(?P<note>\d{1,3}-(?:\d{1,2}-)?\d{3,4}.*)$")
_PLUS = re.compile(r"^(?P<name>[^+\s]{1,12})(?P<note>\+\d+.*)$")
_ALSO = re.compile(r"^(?P<name>.{2,12}?)(?P<note>(?:也算|算|也要|也来|代)(?:一个|上|我).*)$")
_PERSON_TAIL = re.compile(
    r"^(?:[\u4e00-\u9fff]{2,4}|[A-Za-z]{2,12}|[\u4e00-\u9fff]{1,4}(?:姐|哥|叔|姨|孃|孃孃|嬢嬢|妈|爸|妈妈|爸爸|奶奶|爷爷|阿姨|大爷|大妈|老师|师傅|先生|太太|女士|家属|师|总|太|生|师奶))$"
)
#: Short words after a number that are notes, not surnames' end (not a name although two characters).
_NOTE_WORDS = re.compile(
    r"^(?:.*(?:了|的|过|着|吗|完|没|天|点)$|要|不要|来|不来|去|不去|同意|不同意|反对|参加|不参加|已付|已转|已交|已报|未付|取消|退出|满了|考虑|看|等|晚点|周|上午|下午|晚上|代|帮|自带|带|有|没|我|可以|处理|不处理|放|两|一|半|三|四|五|六|七|八|九|十|\d|\+|\?|✅|√|OK|ok|愿意|支持|问|家|租客|业主|厨房|卫生间|阳台|客厅|漏|不漏|素|荤|辣|大|小|中|现金|微信|自取|送)"
)


def is_signup(text: str) -> bool:
    """Whether folded `text` is a sign-up list: a head word and a numbered line."""
    head = _HEAD.search(text)
    if not head:
        return False
    body = _keycaps(text)
    return (
        any(_LINE.match(line) for line in body.split("\n")[1:])
        or len(_INLINE.findall(body, head.end())) >= 1
        or bool(re.search("[①-⑳]", body))
    )


def _keycaps(text: str) -> str:
    return _KEYCAP.sub(r"\1. ", text)


def parse_signup(text: str) -> dict[str, Any] | None:
    """`{"title", "entries": [{"name", "note"}]}` of a 接龙 text (folded), or None when it is none."""
    if not is_signup(text):
        return None
    text = _keycaps(text)
    lines = text.split("\n")
    if len(lines) <= 2 and len(_INLINE.findall(text)) >= 2:
        lines = _INLINE.sub(lambda found: f"\n{found[0]}", text).split("\n")
    title_parts: list[str] = []
    entries: list[dict[str, str]] = []
    began = False
    for line in lines:
        if not line.strip():
            continue
        if _EXAMPLE.match(line):
            continue
        matched = _LINE.match(line) if (title_parts or began or line is not lines[0]) else None
        if matched is None:
            if began:
                if entries and len(line) < 40:
                    entries[-1]["note"] = f"{entries[-1]['note']} {line.strip()}".strip()
                continue
            title_parts.append(line.strip())
            continue
        body = matched["body"].strip()
        began = True
        if _EXAMPLE.match(body) or _EMPTY.match(body.strip(" .。")):
            continue
        entry = _entry(body)
        if entry is None:
            continue
        if matched["lead"]:
            entry["note"] = f"{matched['lead']} {entry['note']}".strip()
        entries.append(entry)
    return {"title": _title(title_parts), "entries": entries}


def _title(parts: list[str]) -> str:
    text = " ".join(parts)
    leading = re.match(r"^\s*#?\s*(?:接龙|group ?note)\s*[:|,]?\s*", text, re.IGNORECASE)
    text = text[leading.end() :] if leading else re.sub(r"\s+", " ", text.lstrip("# "))
    return text.strip(" :|")


def _entry(body: str) -> dict[str, str] | None:  # noqa: C901, PLR0912 - one case for each way to write a line
    """Name and note of one line; None for a line that names nobody (+2, 满了吗)."""
    if re.match(r"^(?:\+\d+|满了|还有|多少钱|怎么|上面|序号|更正|请问)", body):
        return None
    if bracket := _BRACKET.match(body):
        name, note, more = bracket["name"].strip(), bracket["note"].strip(), bracket["more"].strip()
        if " " not in name:
            if re.fullmatch(
                r"我(?:爸|妈|家|老公|老婆|婆婆|公公|爷爷|奶奶|儿子|女儿|外公|外婆|哥|姐|弟|妹)", name
            ) and re.fullmatch(r"[\u4e00-\u9fff]{2,4}", note):
                return {"name": note, "note": more}
            return {"name": name, "note": " ".join(filter(None, (note, more)))}
    words = body.split()
    if len(words) > 2 and all(re.fullmatch(r"[\u4e00-\u9fff]", word) for word in words[:2]):
        # 王  小  明 2: a name written with blanks between its characters.
        count = 3 if len(words) > 2 and re.fullmatch(r"[\u4e00-\u9fff]", words[2]) else 2
        words = ["".join(words[:count]), *words[count:]]
        body = " ".join(words)
    first, rest = words[0], body[len(words[0]) :].strip()
    if glued := _GLUED_ROOM.match(first):
        return {"name": glued["name"], "note": f"{glued['note']} {rest}".strip()}
    if plus := _PLUS.match(first):
        return {"name": plus["name"], "note": f"{plus['note']} {rest}".strip()}
    if _ROOM.match(first) and len(words) > 1:
        second = words[1]
        if _looks_like_name(second):
            return {"name": second, "note": " ".join([first, *words[2:]])}
        return {"name": first, "note": rest}
    if len(words) == 1:
        if room := re.match(r"^(?P<name>\d{3,4})(?P<note>(?:不|没|漏|有|墙|要|同意|家).*)$", first):
            return {"name": room["name"], "note": room["note"]}
        if also := _ALSO.match(first):
            return {"name": also["name"], "note": also["note"]}
        if counted := re.match(
            r"^(?P<name>[\u4e00-\u9fff]{2,4}?|[A-Za-z]{2,10})[,:、]?(?P<note>(?:要|加|报|来)?(?:\d+|[一两二三四五六七八九十])(?:份|人|位|箱|盒|袋|斤|只|个|把|件|本|桶|包|瓶|张|户|大|小).*)$",
            first,
        ):
            return {"name": counted["name"], "note": counted["note"]}
        if comma := re.match(r"^(?P<name>[^,:、]{1,8})[,:、](?P<note>.+)$", first):
            return {"name": comma["name"], "note": comma["note"]}
        return {"name": first, "note": ""}
    if also := _ALSO.match(first):
        return {"name": also["name"], "note": f"{also['note']} {rest}".strip()}
    if (
        first.isascii()
        and first.isalpha()
        and re.fullmatch(r"[\u4e00-\u9fff]太|[A-Z][a-z]+", words[1])
        and len(words) == 2
    ):
        return {"name": " ".join(words[:2]), "note": ""}
    if comma := re.match(r"^(?P<name>[^,:]{1,8})[,:](?P<note>.+)$", first):
        return {"name": comma["name"], "note": f"{comma['note']} {rest}".strip()}
    return {"name": first, "note": rest}


def _looks_like_name(word: str) -> bool:
    bare = word.strip("✅√.,。!")
    return bool(_PERSON_TAIL.match(bare)) and not _NOTE_WORDS.match(bare) and not _COUNT.fullmatch(bare)
