"""Vote lines: 「发起投票 标题 | 选项 | 选项 | 截止 3天 | 按户」 and the same in a natural sentence."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from .lexicon import load_lexicon, words_of
from .moments import Moment, find_moment


@dataclass(frozen=True, slots=True)
class PollLine:
    """What a vote line says."""

    title: str
    options: tuple[str, ...]
    moment: Moment | None
    unit: str | None

    def as_dict(self, now: datetime | None) -> dict[str, Any]:
        """The `poll` of contract.md: `closes` is a local time when `now` is known, else the span as an ISO duration."""
        at = self.moment.resolve(now) if self.moment and now is not None else None
        closes = at.isoformat(timespec="minutes") if at else (self.moment.span if self.moment else None)
        if closes is None and self.moment and self.moment.at:
            closes = self.moment.at.isoformat(timespec="minutes")
        made: dict[str, Any] = {"title": self.title, "options": list(self.options), "closes": closes, "unit": self.unit}
        if self.moment and self.moment.span:
            made["closes_after"] = self.moment.span
        return made


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


_CLOSING = re.compile(r"^(?:截止|截至|截止到|截止日期|截止时间|时间|期限|投票|投到|到|结束|投)[\s:为到是至]*(?=\S)")
_FIELD = re.compile(r"^(?:规则|事项|公告|异议|选\s*[\d一二两三四五六七八九十]+\s*[人个名项]|匿名|公开|实名|保密|记名|不记名|备注|名册|范围|多选|单选)")
_ONLY_TIME = re.compile(
    r"^(?:[\d一二两三四五六七八九十半]+\s*(?:个)?(?:小时|天|周|星期|礼拜|月|日|分钟)|(?:到|至)?(?:今|明|后|大后)[天晚早日].*|(?:到|至)?\d{1,2}月\d{1,2}[日号].*|20\d\d-\d.*)(?:内|后|截止|前|为止)?$"
)
_TITLE_TAIL = re.compile(r"[?？。:,、;\s]+$")


def parse_bars(rest: str, now: datetime | None) -> PollLine | None:
    """The form with bars: `rest` is what follows 发起投票, folded."""
    parts = [part.strip() for part in rest.split("|")]
    title = _TITLE_TAIL.sub("", parts[0].lstrip(" :,"))
    if not title or len(parts) < 2:
        return None
    options: list[str] = []
    moment: Moment | None = None
    unit: str | None = None
    for part in parts[1:]:
        if not part:
            continue
        if _FIELD.match(part):
            continue
        if len(part) <= 10 and (named := unit_of(part)):
            unit = named
            continue
        if (closing := _CLOSING.match(part)) or _ONLY_TIME.match(part):
            found = find_moment(part[closing.end() :] if closing else part, now)
            if found:
                moment = found
                continue
            if closing and part.startswith("截"):
                continue
        options.append(part)
    return PollLine(title, tuple(options), moment, unit)


_NO_END = re.compile(r"(?:没有|不设|无|不限)(?:截止)?(?:时间|期限|截止)?")
_SENTENCE = re.compile(r"[,。;!\n]")


def looks_like_poll(text: str) -> bool:
    """Whether folded `text` asks the group to vote in a sentence of its own."""
    return bool(_openers().search(text))


def parse_sentence(text: str, now: datetime | None) -> PollLine | None:
    """A vote opened in a natural sentence, or None: it needs a question or title and at least two options."""
    if not looks_like_poll(text):
        return None
    unit = unit_of(text)
    moment = None if _NO_END.search(text) and "截止" in text and re.search(r"(?:没有|不设|无|不限)截止", text) else _end(text, now)
    body = _core(text)
    if body is None:
        return None
    title, options = _title_and_options(body)
    if not title or len(options) < 2 or len(title) > 60:
        return None
    return PollLine(title, options, moment, unit)


_END_WORDS = re.compile(
    r"(?:投到|截止到|截止|截至|截|投票到|到|在)?[^,。;!?\n|]{0,30}?(?:截止|前|为止|之前|内|结束|截)|(?:投到|截止到|截止|截至)[^,。;!?\n|]{1,24}|[一二两三四五六七八九十半\d]+个?(?:天|周|星期|小时|礼拜|月|日)(?:内|后|截止|$)?"
)


def _end(text: str, now: datetime | None) -> Moment | None:
    """The closing time: the last clause that names a moment and sounds like an end."""
    clauses = [clause for clause in re.split(r"[,。;!?\n|]", text) if clause.strip()]
    joined = text
    best: Moment | None = None
    for index, clause in enumerate(clauses):
        if re.search(
            r"截止|前|投到|为止|内|结束|截|到\S{1,12}$|^\s*[一二两三四五六七八九十半\d]+个?(?:天|周|星期|小时|礼拜|个月)\s*$", clause
        ) and not re.search(r"(?:种|放|建|铺|装|改成|开放|几点|结束合适)", clause.replace("截止", "")):
            window = clause + ("," + clauses[index + 1] if index + 1 < len(clauses) and "也就是" in clauses[index + 1] else "")
            if found := find_moment(window, now):
                best = found
    if best is None and (tail := re.search(r"(?:投到|截止|截至).{0,24}", joined)):
        best = find_moment(tail[0], now)
    if best is None and (tail := re.search(r"[一二两三四五六七八九十半\d]+个?(?:星期|周|天|小时|礼拜|月)(?=截止|内|$)", joined)):
        best = find_moment(tail[0], now)
    return best


_DROP_CLAUSE = re.compile(
    r"截止|投到|为止|一人一票|一户一票|一家一票|每户一票|每家一票|按户|按人|按业主|产权人投|业主才能投|业主投|每(?:个)?人(?:都)?(?:能|可以)投|都能投|一家出一个|每家投一票|每户选一个|请每户|"
    r"大家表个?态|没有截止|搞快点|^(?:[一二两三四五六七八九十半\d]+个?(?:天|周|星期|小时|礼拜|月)(?:内|后)?)$|^(?:今晚|明早|明晚|后天|明天|下?周[一二三四五六日天]).{0,12}前$|^\S{0,14}点前$|三选一|二选一|[一二三四五]选[一二三四五]|单选|多选|匿名$|公开$|谢谢|^大家(?:投一?下|选一?下)$|^要得嘛$"
)
_END_PHRASE = re.compile(
    r"(?:[一二两三四五六七八九十半\d]+个?(?:天|周|星期|小时|礼拜|月)(?:内|后)?)?(?:投票)?截止.{0,12}$|(?:按户|按人|一家一票|一户一票|一人一票)(?:投|算)?$"
)
_PREFIX = re.compile(
    r"^(?:(?:各位|大家|业主们|邻居们|家人们|咱们|我们|那个|那就|要得嘛|好嘛|麻烦|请|机器人|小助手|帮忙?|帮我|我想|我提议|我|想|来|就|给|一起|一下|下|你好|好|呗|噻|嘛|吧|啊|呢|哈|的|,|:|\s)*(?:发起|开|搞|来|弄|整|办|做|投)?(?:一)?(?:个|下|一下)?(?:投票|表决|票)(?:一下|呗|噻|嘛|吧|啊|哈|了)*(?:问问|问一下|问|就是)*(?:邻居们|大家|各位)*|(?:大家)?(?:来)?(?:定|选|投|表决)(?:一下|下)|听听大家(?:的)?意见|征求(?:一下)?(?:大家|各位)?(?:的)?意见|大家表个?态)[\s,:。呗噻嘛吧啊哈]*"
)
_CHATTY = re.compile(r"^(?:就是|那个|问一下|问问|问下|大家|各位好?|好|邻居们|关于|一下|啊|呃|嗯|想问|请问|,|:|\s|来|咱们|我们(?=要不要|的))+")


def _core(text: str) -> str | None:
    """The sentence without opener, closing time and unit."""
    at = text
    opener = _openers().search(at)
    if opener is None:
        return None
    head = at[: opener.start()]
    tail = at[opener.end() :]
    # The question may come first: 要不要…?大家表个态,要/不要,…
    asked_first = len(re.sub(r"\W", "", head)) >= 6 and re.search(r"[?|、/]|还是|要不要|方案", head)
    body = head.rstrip(",。 ") + "。" + tail if asked_first else tail
    body = _PREFIX.sub("", body.strip(" ,:。")) if not head.strip() else body
    if not re.search(r"[,。?、|/]", body) and body.count(" ") >= 3:
        body = body.replace(" ", ",")
    return body.strip(" ,:。啊呗噻嘛吧哈") or None


_LABELLED = re.compile(r"(?:^|(?<=[\s,、;:。?]))(?P<key>[A-Ha-h]|方案[一二三四五六七八\d]|[①②③④⑤⑥])[\s.、:)]*(?P<text>[^\s,、;。?|]+(?:[^A-H①-⑥,、;。?|]*)?)")
_OPTION_INTRO = re.compile(r"(?:选项|候选|备选|可选)(?:有|是|为|:)*\s*")


def _title_and_options(body: str) -> tuple[str, tuple[str, ...]]:
    clauses = [clause.strip() for clause in re.split(r"(?<=[,。;!?\n])", body) if clause.strip(" ,。;!?\n")]
    # A clause about the end or the voters goes; a long breath without commas only loses those words.
    kept = [
        _END_PHRASE.sub("", clause) if len(clause) > 24 else clause
        for clause in clauses
        if len(clause) > 24 or not _DROP_CLAUSE.search(clause.strip(" ,。;!?\n"))
    ]
    text = "".join(kept).strip()
    if not text:
        return "", ()
    # A 要 B 不要; 方案一…,方案二…
    labelled = list(_LABELLED.finditer(text))
    if len(labelled) >= 2:
        keys = [found["key"] for found in labelled]
        title = _clean_title(text[: labelled[0].start()])
        if title:
            whole = keys[0].startswith("方案")
            return title, tuple(_clean_option((found["key"] if whole else "") + found["text"]) for found in labelled)
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
            return _clean_title(text[: intro.end() if intro[0].startswith("候选") else intro.start()]), options
    for cut in re.finditer(r"[?？。:,]\s*|\s+", text):
        title, listing = text[: cut.start()], text[cut.end() :].strip(" ,。!?")
        options = _listed(listing)
        if len(options) >= 2 and len(title) >= 4:
            return _clean_title(title), options
    # 修或者不修, spoken without punctuation
    if spoken := re.search(r"(?P<title>.{4,40}?)(?P<a>[\u4e00-\u9fff]{1,4})(?:或者|还是|或|和)不(?P=a)", text):
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
    text = re.sub(r"(?:三|二|四|五)选[一二]|两个选项|这几个|选一个", "", text).strip(" ,")
    for separator in (r"\s*/\s*", r"、|还是|或者", r"\s+", r",\s*"):
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
            return title, (_clean_option(first), _clean_option(last[len(verb) :] if verb and last.startswith(verb) else last))
        head = _last_words(items[0], [*items[1:], last])
        return title, tuple(_clean_option(part) for part in (head, *items[1:], last))
    if matched := re.search(r"(?P<a>[\u4e00-\u9fff])不(?P=a)(?P<rest>[\u4e00-\u9fff]*)", title):
        return title, (matched["a"], "不" + matched["a"])
    if re.search(r"行不行|可不可以|同不同意|好不好", title):
        return title, ("同意", "不同意")
    return title, ()


def _shared_verb(first: str, last: str) -> str:
    """The verb both options begin with, when the first option ends with verb + object: 种竹子 / 种月季 → 种."""
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
    """The option at the end of `first`: what follows its last verb, else as many characters as the others have."""
    if matched := re.search(r"(?:吃|喝|选|种|买|去|放|刷|装|铺|用|送|玩|看|叫|要|是|办|定在|改成|安排在|在)(?P<option>[\u4e00-\u9fff\w]{1,8})$", first):
        return matched["option"]
    size = max(1, round(sum(map(len, others)) / len(others)))
    return first[-size:]


def _clean_title(text: str) -> str:
    text = _CHATTY.sub("", text.strip(" ,:。;"))
    text = re.sub(r"(?:呢|嘛|呀|啊|哈)$", "", _TITLE_TAIL.sub("", text))
    text = re.sub(r"^关于", "", text)
    return _TITLE_TAIL.sub("", text).strip(" ,:")


def _clean_option(text: str) -> str:
    return re.sub(r"(?:呢|嘛|呀|啊|哈|吧)$", "", text.strip(" ,。;!?、|\"'"))
