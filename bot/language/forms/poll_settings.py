"""The settings inside a vote line: when it ends and who votes, in fields as in prose."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from itertools import islice

from bot.language.lexicon import load_lexicon

from .moments import Moment, find_moment

#: Of a text made to cost time no more than so many beginnings and moments are tried.
MOST_TRIED = 16
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
META = re.compile(rf"(?:{_UNIT_CLAUSE}|{_MANNER_CLAUSE})[。!~]*")
UNIT_TAIL = re.compile(rf"(?:,|\s)*{_UNIT_CLAUSE}$")
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
def _units() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((key, re.compile(pattern)) for key, pattern in load_lexicon().votes["units"].items())


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


def end_in(clause: str, now: datetime | None) -> tuple[Moment, int, int] | None:
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


def only_a_time(piece: str, now: datetime | None) -> Moment | None:
    """The moment that `piece` is and nothing else."""
    moment = find_moment(piece, now)
    return (
        moment
        if moment is not None and not re.sub(r"[\s()]", "", piece[: moment.start] + piece[moment.end :])
        else None
    )
