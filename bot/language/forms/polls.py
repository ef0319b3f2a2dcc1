"""Vote lines: 「发起投票 标题 | 选项 | 选项 | 截止 3天 | 按户」, the same line by line, and the same in a
sentence.

All three are read in one way: the closing time and who votes are taken out first, wherever they stand; what
is left is
the title and the options, either in fields (bars, lines, semicolons) or in prose.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from itertools import islice
from typing import Any

from bot.language.lexicon import load_lexicon, words_of

from .moments import Moment, find_moment


@dataclass(frozen=True, slots=True)
class PollLine:
    """What a vote line says."""

    title: str
    options: tuple[str, ...]
    moment: Moment | None
    unit: str | None

    def as_dict(self, now: datetime | None) -> dict[str, Any]:
        """The `poll` of contract.md: `closes` is a local time when `now` is known, else the span as an ISO
        duration."""
        at = self.moment.resolve(now) if self.moment and now is not None else None
        closes = at.isoformat(timespec="minutes") if at else (self.moment.span if self.moment else None)
        if closes is None and self.moment and self.moment.at:
            closes = self.moment.at.isoformat(timespec="minutes")
        made: dict[str, Any] = {
            "title": self.title,
            "options": list(self.options),
            "closes": closes,
            "unit": self.unit,
        }
        if self.moment and self.moment.span:
            made["closes_after"] = self.moment.span
        return made


#: A line with more options than this is a text, no vote.
MOST_OPTIONS = 40
_LONGEST_TITLE = 60
#: Of a text made to cost time no more than so many beginnings and moments are tried.
MOST_TRIED = 16


def parse_line(rest: str, now: datetime | None) -> PollLine | None:
    """What follows 「发起投票」, folded; one option or none may have been given (the rules add the usual
    ones)."""
    return _in_fields(rest, now) or _in_prose(rest, now)


def parse_sentence(text: str, now: datetime | None) -> PollLine | None:
    """A vote opened in open talk, or None: it needs words that open a vote, a title and at least two
    options."""
    opener = _openers().search(text)
    if opener is None:
        return None
    head = _LEAD_IN.sub("", text[: opener.start()]).strip(_EDGE)
    tail = _AFTER_OPENER.sub("", text[opener.end() :])
    asked_first = len(re.sub(r"\W", "", head)) >= 4  # 要不要…?大家表个态,要/不要
    read = parse_line(f"{head}。{tail}" if asked_first else tail, now)
    if read is None or len(read.options) < 2 or len(read.title) > _LONGEST_TITLE:
        return None
    return (
        read if read.unit else replace(read, unit=unit_of(opener[0]))
    )  # 请每户选一个 opens and says who votes


# ── openers, units, ends ──────────────────────────────────────────────────────────────────────────

_EDGE = " ,:。;!\n"
#: Words to the bot and to the neighbours before a vote is opened.
_LEAD_IN = re.compile(
    r"^(?:各位|大家|业主们?|邻居们?|家人们|居民们?|咱们?|我们|那个啥?|那就|要得嘛|好嘛|麻烦|请|机器人|小助手|书记|社区|物业|帮忙?|帮我|我想|我提议|我|想|来|就|给|一起|一下|下|您好|你好|好|举个手|现(?=就|对)|呗|噻|嘛|吧|啊|呢|哈|了|的|@\S{1,12}|[,:。!~\s])+"
)
_AFTER_OPENER = re.compile(
    r"^(?:一下|一哈|下|呗|噻|嘛|吧|啊|哈|啦|了|看看|看一看|问问|问一下|问下|问|决定一下|决定|就是|大家|各位|邻居们|投票啦?|题目(?:是|为|叫)?|主题(?:是|为)?|议题(?:是|为)?|内容(?:是|为)?|[,:。!~\s|;])+"
)
_NUMERAL = r"[\d一二两三四五六七八九十]{1,3}"
#: Who votes and how: whole clauses that are neither title nor option.
_UNIT_CLAUSE = (
    r"(?:投票单位|计票单位|计票方式|投票方式|计票|单位|投票)?[:是为]?(?:请|都|就|以|限|仅|只)?(?:"
    r"(?:按|每个?|以)(?:一)?(?:户|家|人头|业主|人|套房)(?:们|为单位)?(?:都|只|各|限|就)?(?:能|可以|可)?(?:算|计|投|出|选|来)*(?:一|1)?(?:张|个|次)?(?:票|意见|代表)?|"
    r"(?:一|1)(?:户|家|人|房)(?:只|限|仅|各|就)?(?:能|可以|可)?(?:投|出|算|选)?(?:一|1)(?:张|个|次)?(?:票|意见)|"
    r"(?:仅|只|限|只限|仅限)?(?:产权人|业主|居民|大家|人人|谁|每个?人|住户|租户)(?:也|都|才|均|皆)?(?:能|可以|可|来|有权)?(?:投票|投|参加|参与|有票)"
    r")(?:就行|就可以|就好|即可|哈|哦)?"
)
_MANNER_CLAUSE = (
    rf"(?:限选|可选|最多选|选){_NUMERAL}[人个名项]|{_NUMERAL}选{_NUMERAL}|单选|多选|可多选|匿名|公开|实名|保密|记名|不记名|(?:就|有)?(?:这)?{_NUMERAL}个选项|"
    r"谢谢(?:大家|各位|配合)?|麻烦(?:大家|各位)了?|搞快点|要得嘛|请?(?:大家|各位)(?:都)?(?:来)?(?:积极)?(?:投票|表决|表个?态|投|选|定|参与)(?:一下|下|个|决定|一哈)?|请?每户选一个|大家|(?:没有|不设|无|不限)(?:截止)?(?:时间|期限|截止)*|规则.{0,12}|备注.{0,20}|事项.{0,12}|(?:公告|公示|异议).{0,8}|范围.{0,12}|名册.{0,12}"
)
_META = re.compile(rf"(?:{_UNIT_CLAUSE}|{_MANNER_CLAUSE})[。!~]*")
_UNIT_TAIL = re.compile(rf"(?:,|\s)*{_UNIT_CLAUSE}$")
_END_LEAD = re.compile(
    r"投票(?=\s*[\d一二两三四五六七八九十]+\s*(?:天|日|小时|周))|(?:投票)?截止(?:时间|日期|期限|到|至|于)?|截至|截|投到|投票(?:时间|期限|期|到|至)|期限|有效期|结束时间|最晚|最迟"
)
_END_TAIL = re.compile(
    r"(?P<sure>(?:之|以)?前|为止|止|(?:之|以)?内)?(?P<later>(?:以|之)?后)?(?:就|都|都要|要|得|全部|统一)*(?:投票)?(?P<end>截止|结束|截|投完|投好|投票|收票|有效|关闭|封票|投|定)*(?:就|了|哈|哦|啊|噻|,?过期不候)*"
)
#: What may stand before the moment in a clause that is only about the end.
_END_FRONT = re.compile(
    r"(?:[\s,(:]|请|都|大家|投票|时间|在|于|到|至|就|是|下班|也就是|[下上个本这]+(?=[周星礼月])|(?:周|星期|礼拜)[一二三四五六日天末])*$"
)


@cache
def _openers() -> re.Pattern[str]:
    return re.compile(load_lexicon().votes["openers"])


@cache
def _units() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((key, re.compile(pattern)) for key, pattern in load_lexicon().votes["units"].items())


@cache
def _opinions() -> str:
    return "|".join(sorted(map(re.escape, words_of(load_lexicon().votes["opinions"])), key=len, reverse=True))


def unit_of(text: str) -> str | None:
    """Who votes: `owner`, `household`, `resident`, or None when not said."""
    for key in ("owner", "household", "resident"):
        if any(name == key and pattern.search(text) for name, pattern in _units()):
            return key
    return None


def _moments(text: str, now: datetime | None) -> Iterator[Moment]:
    """Every moment in `text`, each with its place in `text`."""
    at = 0
    for _ in range(MOST_TRIED):
        found = find_moment(text[at:], now) if at < len(text) else None
        if found is None:
            return
        yield Moment(found.span, found.at, found.start + at, found.end + at)
        at += max(found.end, 1)


def _end_in(clause: str, now: datetime | None) -> tuple[Moment, int, int] | None:
    """The closing time that one clause names and the span of its words; a bare time does not count."""
    for lead in islice(_END_LEAD.finditer(clause), MOST_TRIED):
        for moment in _moments(clause[lead.end() :], now):
            if moment.start > 3 and not _END_FRONT.fullmatch(clause, lead.end(), lead.end() + moment.start):
                break
            end = lead.end() + moment.end
            tail = _END_TAIL.match(clause, end)
            return moment, lead.start(), tail.end() if tail else end
    found = None
    for moment in _moments(clause, now):
        tail = _END_TAIL.match(clause, moment.end)
        # 三天后开会 is no end of a vote, 三天后截止 is one.
        if (
            tail
            and (tail["sure"] or tail["end"])
            and not re.match(r"[\u4e00-\u9fff]", clause[tail.end() : tail.end() + 1])
        ):
            front = _END_FRONT.search(clause, 0, moment.start)
            found = moment, front.start() if front else moment.start, tail.end()
    return found


def _only_a_time(piece: str, now: datetime | None) -> Moment | None:
    moment = find_moment(piece, now)
    return (
        moment
        if moment is not None and not re.sub(r"[\s()]", "", piece[: moment.start] + piece[moment.end :])
        else None
    )


# ── fields ────────────────────────────────────────────────────────────────────────────────────────

#: Bars, lines, semicolons; strokes only when they are no date.
_SEPARATORS = (
    re.compile(r"\|"),
    re.compile(r"\n"),
    re.compile(r";"),
    re.compile(r"(?<!\d)\s*/\s*|\s*/\s*(?!\d)"),
)
_COLONS = re.compile(r"(?<!\d):|:(?!\d\d)")
_TITLE_KEY = re.compile(r"^(?:议题|题目|标题|主题|内容|投票事项|事项)[:是为]+\s*")
_OPTIONS_KEY = re.compile(r"^(?:投票)?(?:选项|候选人?|备选|可选项?)(?:有|是|为|:)+\s*")
_LABEL = re.compile(
    r"^(?:[A-Za-z]|\d{1,2}|选项[一二三四五六七八九十\d]{1,2}|[一二三四五六七八九十]{1,2})\s*[.、:)](?!\d)\s*|^\([A-Za-z\d一二三四五六七八九十]{1,2}\)\s*|^[①-⑳]\s*"
)
_TITLE_TAIL = re.compile(r"[?？。:,、;\s]+$")


def _split(text: str) -> list[str]:
    for separator in _SEPARATORS:
        parts = [part.strip(" \n") for part in separator.split(text)]
        parts = [part for part in parts if part]
        if len(parts) >= 3 or (len(parts) == 2 and "|" in text):
            # 开不开 开 / 关 is a list within a sentence, 开不开 / 开 / 关 are fields.
            return parts if "/" not in separator.pattern or not re.search(r"[?,。:\s]", parts[0]) else []
    if not re.search(r"[,。?|;\n]", text):
        parts = [part.strip() for part in _COLONS.split(text)]
        return parts if len(parts) >= 3 and all(parts) else []
    return []


def _in_fields(text: str, now: datetime | None) -> PollLine | None:
    parts = _split(text.strip(_EDGE + "|"))
    if not parts:
        return None
    title = ""
    options: list[str] = []
    times: list[tuple[int, Moment]] = []
    moment: Moment | None = None
    unit: str | None = None
    for part in parts:
        if not title:
            title = _clean_field_title(part)
            continue
        pieces = [piece for piece in re.split(r"[,。]\s*", part) if piece]
        meta = [(bool(_META.fullmatch(piece.replace(" ", ""))), _end_in(piece, now)) for piece in pieces]
        if all(
            plain or (end and not (piece[: end[1]] + piece[end[2] :]).strip(_EDGE + "()"))
            for piece, (plain, end) in zip(pieces, meta, strict=True)
        ):
            moment = next((end[0] for _, end in meta if end), moment)
            unit = next(
                (
                    unit_of(piece)
                    for piece, (plain, _) in zip(pieces, meta, strict=True)
                    if plain and unit_of(piece)
                ),
                unit,
            )
        elif part.startswith("截"):
            continue  # an end that nobody can read is no option
        elif listed := _OPTIONS_KEY.match(part):
            options += [
                _unlabelled(option)
                for option in re.split(r"\s*[;、/|,]\s*|\s+", part[listed.end() :])
                if option
            ]
        else:
            if alone := _only_a_time(part, now):
                times.append((len(options), alone))
            options.append(part)
    if moment is None and len(times) == 1 and times[0][0] >= 2:
        at, moment = times[0]  # 支持|反对|24小时
        del options[at]
    if len(options) == 1 and len(parts) > 1 and "|" not in text and (listed_options := _listed(options[0])):
        options = list(listed_options)
    if not title or len(options) > MOST_OPTIONS or ("|" not in text and len(options) < 2):
        return None
    if "|" not in text and all(_LABEL.match(option) for option in options):
        options = [_unlabelled(option) for option in options]
    return PollLine(title, tuple(options), moment, unit)


def _unlabelled(option: str) -> str:
    return _LABEL.sub("", option).strip() or option


def _clean_field_title(part: str) -> str:
    return _TITLE_TAIL.sub("", _TITLE_KEY.sub("", part.lstrip(" :,")))


# ── prose ─────────────────────────────────────────────────────────────────────────────────────────


def _in_prose(text: str, now: datetime | None) -> PollLine | None:
    body, moment, unit = _without_meta(text, now)
    title, options = _title_and_options(body) if body else ("", ())
    if not title or len(options) > MOST_OPTIONS:
        return None
    return PollLine(title, options, moment, unit)


def _without_meta(text: str, now: datetime | None) -> tuple[str, Moment | None, str | None]:
    """The text without its closing time and its clauses about who votes; these two."""
    moment: Moment | None = None
    unit: str | None = None
    kept: list[str] = []
    for part in reversed([part for part in re.split(r"(?<=[,。;!?\n])", text) if part.strip(_EDGE)]):
        clause, mark = (part[:-1], part[-1]) if part[-1] in ",。;!?\n" else (part, "")
        if moment is None and (end := _end_in(clause, now)):
            moment = end[0]
            clause = f"{clause[: end[1]]} {clause[end[2] :]}".strip(" ()")
        elif moment is None and (alone := _only_a_time(clause, now)) and mark != "?":
            moment, clause = alone, ""
        if clause and _META.fullmatch(clause.replace(" ", "")):
            unit, clause = unit_of(clause) or unit, ""
        elif " " in clause or len(clause) > 12:
            words = clause.split(" ")
            meta = [word for word in words if _META.fullmatch(word)]
            unit = next(filter(None, map(unit_of, meta)), unit)
            clause = " ".join(word for word in words if word not in meta)
            if tail := _UNIT_TAIL.search(clause):
                unit, clause = unit_of(tail[0]) or unit, clause[: tail.start()]
        if clause.strip(_EDGE):
            kept.append(clause + mark)
    return "".join(reversed(kept)).strip(_EDGE + "啊呗噻嘛吧哈"), moment, unit


_LABELLED = re.compile(
    r"(?:^|(?<=[\s,、;:。?]))(?P<key>[A-Ha-h]|[1-9](?=[.、:)](?!\d))|方案[一二三四五六七八\d]|[①②③④⑤⑥⑦⑧⑨])[\s.、:)]*(?P<text>[^\s,、;。?|]+(?:[^A-H①-⑨,、;。?|]*)?)"
)
_OPTION_INTRO = re.compile(r"(?:选项|候选人?|备选|可选)(?:有|是|为|:)*\s*")
_CHATTY = re.compile(
    r"^(?:就是|那个|问一下|问问|问下|看看|大家|各位好?|好|邻居们|关于|一下|啊|呃|嗯|想问|请问|题目是|议题是|[,:。\s]|来|现?就(?=.*(?:一事|事宜))|咱们?|我们(?=要不要|的))+"
)


def _title_and_options(text: str) -> tuple[str, tuple[str, ...]]:
    # A 要 B 不要; 方案一…,方案二…
    labelled = list(_LABELLED.finditer(text))
    if len(labelled) >= 2:
        keys = [found["key"] for found in labelled]
        title = _clean_title(text[: labelled[0].start()])
        if title:
            whole = keys[0].startswith("方案")
            return title, tuple(
                _clean_option((found["key"] if whole else "") + found["text"]) for found in labelled
            )
    # each answer stated in words: 赞成的投赞成
    stated = re.findall(r"(?:投|选)(不?(?:同意|支持|赞成)|反对|弃权)", text)
    if len(stated) >= 2:
        title = _clean_title(re.split(r"[?。]|同意的|赞成的|支持的", text)[0])
        return title, tuple(dict.fromkeys(stated))
    # a question, then the list
    intro = _OPTION_INTRO.search(text)
    if intro and intro.start() > 3:
        options = _listed(text[intro.end() :])
        if len(options) >= 2:
            return _clean_title(
                text[: intro.end() if intro[0].startswith("候选") else intro.start()]
            ), options
    for cut in islice(re.finditer(r"[?？。:,]\s*|\s+", text), MOST_TRIED):
        title, listing = text[: cut.start()], text[cut.end() :].strip(" ,。!?")
        options = _listed(listing)
        if len(options) >= 2 and len(title) >= 4:
            return _clean_title(title), options
    # 修或者不修, spoken without punctuation
    if spoken := re.search(
        r"(?P<title>.{4,40}?)(?P<a>[\u4e00-\u9fff]{1,4})(?:或者|还是|或|和)不(?P=a)", text
    ):
        return _clean_title(spoken["title"]), (spoken["a"], f"不{spoken['a']}")
    spoken = re.search(
        rf"(?P<title>.{{4,40}}?)(?P<a>{_opinions()}|[\u4e00-\u9fff]{{1,4}})(?:或者|还是|或|和)(?P<b>{_opinions()}|[\u4e00-\u9fff]{{1,4}}?)(?:两个|2个|二个|这两个)(?:选项|选择)",
        text,
    )
    if spoken:
        return _clean_title(spoken["title"]), (spoken["a"], spoken["b"])
    return _from_question(text)


def _listed(text: str) -> tuple[str, ...]:
    """Options written one after another: 红/黄/蓝; 甲、乙、丙; 早、中还是晚; 王甲 李乙 赵丙."""
    text = re.split(r"[。;!?]", text.strip())[0].strip(" ,")
    text = re.sub(r"(?:三|二|四|五)选[一二]|(?:[两二三四五]个)?选项$|这几个|选一个", "", text).strip(" ,")
    for separator in (r"\s*/\s*", r",?\s*(?:、|还是|或者)\s*", r"\s+", r",\s*"):
        parts = [_clean_option(part) for part in re.split(separator, text)]
        if len(parts) >= 2 and all(1 <= len(part) <= 14 for part in parts) and len(set(parts)) == len(parts):
            return tuple(parts)
    return ()


def _from_question(text: str) -> tuple[str, tuple[str, ...]]:
    """The options inside the question itself: 种竹子还是种月季; 选甲、乙还是丙."""
    title = _clean_title(re.split(r"[?。]", text)[0])
    if "还是" in title:
        before, last = title.rsplit("还是", 1)
        last = re.sub(r"(?:好|合适|呢|呀|啊|更好)+$", "", last)
        items = re.split(r"、|还是|,", before)
        verb = _shared_verb(items[-1] if len(items) == 1 else items[0], last)
        if len(items) == 1:
            first = _after_verb(items[0], last, verb)
            return title, (
                _clean_option(first),
                _clean_option(last[len(verb) :] if verb and last.startswith(verb) else last),
            )
        # 石桌挪了,脚踏的还是翻盖的: the clause before the last comma asks, the others answer.
        head = _last_words(items[0], [*items[1:], last]) if "," not in before or len(items) > 2 else ""
        return title, tuple(_clean_option(part) for part in (head, *items[1:], last) if part)
    if matched := re.search(r"(?P<a>[\u4e00-\u9fff])不(?P=a)(?P<rest>[\u4e00-\u9fff]*)", title):
        return title, (matched["a"], "不" + matched["a"])
    if re.search(r"行不行|可不可以|同不同意|好不好", title):
        return title, ("同意", "不同意")
    return title, ()


def _shared_verb(first: str, last: str) -> str:
    """The verb both options begin with, when the first option ends with verb + object: 种竹子 / 种月季 →
    种."""
    for length in (2, 1):
        head = last[:length]
        if len(last) > length and (at := first.rfind(head)) >= 0 and len(first) - at - length >= 1:
            return head
    return ""


def _after_verb(first: str, last: str, verb: str) -> str:
    if verb:
        at = first.rfind(verb)
        return first[at + len(verb) :] if len(verb) else first
    if matched := re.search(r"(?:是|要)(?P<option>[^是]{2,12})$", first):
        return matched["option"]
    return first[-len(last) :] if len(last) < len(first) else first


def _last_words(first: str, others: list[str]) -> str:
    """The option at the end of `first`: what follows its last verb, else as many characters as the others
    have."""
    if matched := re.search(
        r"(?:吃|喝|选|种|买|去|放|刷|装|铺|用|送|玩|看|叫|要|是|办|定在|改成|安排在|在)(?P<option>[\u4e00-\u9fff\w]{1,8})$",
        first,
    ):
        return matched["option"]
    size = max(1, round(sum(map(len, others)) / len(others)))
    return first[-size:]


def _clean_title(text: str) -> str:
    text = _CHATTY.sub("", text.strip(" ,:。;"))
    text = re.sub(r"(?:呢|嘛|呀|啊|哈)$", "", _TITLE_TAIL.sub("", text))
    text = re.sub(r"^(?:关于|(?:现)?就(?=.*(?:一事|事宜)$))|(?:一事|事宜)$", "", text)
    return _TITLE_TAIL.sub("", text).strip(" ,:")


def _clean_option(text: str) -> str:
    return re.sub(r"(?<=.)(?:呢|嘛|呀|啊|哈|吧)$", "", text.strip(" ,。;!?、|\"'"))
