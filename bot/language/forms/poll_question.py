"""Title and options of a vote told in a sentence: 晾衣架装几层?A 两层 B 三层; 种竹子还是种月季."""

from __future__ import annotations

import re
from functools import cache
from itertools import islice

from bot.language.lexicon import load_lexicon, words_of

from .poll_settings import MOST_TRIED

_LABELLED = re.compile(
    r"(?:^|(?<=[\s,、;:。?]))(?P<key>[A-Ha-h]|[1-9](?=[.、:)](?!\d))|方案[一二三四五六七八\d]|[①②③④⑤⑥⑦⑧⑨])[\s.、:)]*(?P<text>[^\s,、;。?|]+(?:[^A-H①-⑨,、;。?|]*)?)"
)
_OPTION_INTRO = re.compile(r"(?:选项|候选人?|备选|可选)(?:有|是|为|:)*\s*")
_CHATTY = re.compile(
    r"^(?:就是|那个|问一下|问问|问下|看看|大家|各位好?|好|邻居们|关于|一下|啊|呃|嗯|想问|请问|题目是|议题是|[,:。\s]|来|现?就(?=.*(?:一事|事宜))|咱们?|我们(?=要不要|的))+"
)
TITLE_TAIL = re.compile(r"[?？。:,、;\s]+$")


@cache
def _opinions() -> str:
    return "|".join(sorted(map(re.escape, words_of(load_lexicon().votes["opinions"])), key=len, reverse=True))


def title_and_options(text: str) -> tuple[str, tuple[str, ...]]:
    """What is voted on, and the options as they are told; none when only the title can be read."""
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
        options = listed(text[intro.end() :])
        if len(options) >= 2:
            return _clean_title(
                text[: intro.end() if intro[0].startswith("候选") else intro.start()]
            ), options
    for cut in islice(re.finditer(r"[?？。:,]\s*|\s+", text), MOST_TRIED):
        title, listing = text[: cut.start()], text[cut.end() :].strip(" ,。!?")
        options = listed(listing)
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


def listed(text: str) -> tuple[str, ...]:
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
    text = re.sub(r"(?:呢|嘛|呀|啊|哈)$", "", TITLE_TAIL.sub("", text))
    text = re.sub(r"^(?:关于|(?:现)?就(?=.*(?:一事|事宜)$))|(?:一事|事宜)$", "", text)
    return TITLE_TAIL.sub("", text).strip(" ,:")


def _clean_option(text: str) -> str:
    return re.sub(r"(?<=.)(?:呢|嘛|呀|啊|哈|吧)$", "", text.strip(" ,。;!?、|\"'"))
