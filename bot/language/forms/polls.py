"""Vote lines: 「发起投票 标题 | 选项 | 选项 | 截止 3天 | 按户」, the same line by line, and the same in a
sentence.

All three are read in one way: the closing time and who votes are taken out first, wherever they stand; what
is left is the title and the options, either in fields (bars, lines, semicolons) or in prose.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any

from bot.language.lexicon import load_lexicon

from .moments import Moment
from .poll_question import TITLE_TAIL, listed, title_and_options
from .poll_settings import META, UNIT_TAIL, end_in, only_a_time, unit_of


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
_EDGE = " ,:。;!\n"
#: Words to the bot and to the neighbours before a vote is opened.
_LEAD_IN = re.compile(
    r"^(?:各位|大家|业主们?|邻居们?|家人们|居民们?|咱们?|我们|那个啥?|那就|要得嘛|好嘛|麻烦|请|机器人|小助手|书记|社区|物业|帮忙?|帮我|我想|我提议|我|想|来|就|给|一起|一下|下|您好|你好|好|举个手|现(?=就|对)|呗|噻|嘛|吧|啊|呢|哈|了|的|@\S{1,12}|[,:。!~\s])+"
)
_AFTER_OPENER = re.compile(
    r"^(?:一下|一哈|下|呗|噻|嘛|吧|啊|哈|啦|了|看看|看一看|问问|问一下|问下|问|决定一下|决定|就是|大家|各位|邻居们|投票啦?|题目(?:是|为|叫)?|主题(?:是|为)?|议题(?:是|为)?|内容(?:是|为)?|[,:。!~\s|;])+"
)


@cache
def _openers() -> re.Pattern[str]:
    return re.compile(load_lexicon().votes["openers"])


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
        meta = [(bool(META.fullmatch(piece.replace(" ", ""))), end_in(piece, now)) for piece in pieces]
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
        elif listing := _OPTIONS_KEY.match(part):
            options += [
                _unlabelled(option)
                for option in re.split(r"\s*[;、/|,]\s*|\s+", part[listing.end() :])
                if option
            ]
        else:
            if alone := only_a_time(part, now):
                times.append((len(options), alone))
            options.append(part)
    if moment is None and len(times) == 1 and times[0][0] >= 2:
        at, moment = times[0]  # 支持|反对|24小时
        del options[at]
    if len(options) == 1 and len(parts) > 1 and "|" not in text and (listed_options := listed(options[0])):
        options = list(listed_options)
    if not title or len(options) > MOST_OPTIONS or ("|" not in text and len(options) < 2):
        return None
    if "|" not in text and all(_LABEL.match(option) for option in options):
        options = [_unlabelled(option) for option in options]
    return PollLine(title, tuple(options), moment, unit)


def _unlabelled(option: str) -> str:
    return _LABEL.sub("", option).strip() or option


def _clean_field_title(part: str) -> str:
    return TITLE_TAIL.sub("", _TITLE_KEY.sub("", part.lstrip(" :,")))


def _in_prose(text: str, now: datetime | None) -> PollLine | None:
    body, moment, unit = _without_meta(text, now)
    title, options = title_and_options(body) if body else ("", ())
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
        if moment is None and (end := end_in(clause, now)):
            moment = end[0]
            clause = f"{clause[: end[1]]} {clause[end[2] :]}".strip(" ()")
        elif moment is None and (alone := only_a_time(clause, now)) and mark != "?":
            moment, clause = alone, ""
        if clause and META.fullmatch(clause.replace(" ", "")):
            unit, clause = unit_of(clause) or unit, ""
        elif " " in clause or len(clause) > 12:
            words = clause.split(" ")
            meta = [word for word in words if META.fullmatch(word)]
            unit = next(filter(None, map(unit_of, meta)), unit)
            clause = " ".join(word for word in words if word not in meta)
            if tail := UNIT_TAIL.search(clause):
                unit, clause = unit_of(tail[0]) or unit, clause[: tail.start()]
        if clause.strip(_EDGE):
            kept.append(clause + mark)
    return "".join(reversed(kept)).strip(_EDGE + "啊呗噻嘛吧哈"), moment, unit
