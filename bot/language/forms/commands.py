"""Commands: a verb of commands.yaml with its numbers and the rest of the line."""

from __future__ import annotations

import re
import unicodedata

from bot.language.entries import CommandRule
from bot.language.lexicon import Lexicon
from bot.language.numerals import NUMERAL, to_int
from bot.language.understanding import Command

_MENTION = re.compile(r"^(?:\s*@[^\s@:,]{1,24}[\s:,]*)+")
_NUMBER = re.compile(
    rf"[\s:,、]*(?:第|编号|#|No\.?|no\.?)?\s*(?P<name>\d{{1,6}}(?!\d)|{NUMERAL}{{1,5}})(?:\s*(?P<mark>号(?![楼院线门店\d])|#|单(?!元)))?"
)
#: Digits that are no running number (0, -1, ten digits, 二十亿): the command names an issue that does not
#: exist.
_NO_NUMBER = re.compile(
    rf"[\s:,、]*(?:第|编号|#)?\s*(?:[-+]\s*\d|0+(?=$|[\s,。.!号])|\d{{7,10}}(?=$|[\s,。.!号])|\d{{12,}}|{NUMERAL}+[万亿])"
)
_DIGITS = {ord(mark): str(unicodedata.digit(mark)) for mark in "①②③④⑤⑥⑦⑧⑨❶❷❸❹❺❻❼❽❾¹²³⁴⁵⁶⁷⁸⁹"}
_KEY = re.compile(r"[\s:,]*(?P<name>[A-Za-z]{0,4}-?\d{1,8})(?=$|[\s,。!])")
_GAP = re.compile(r"[\s:,、;|/]+")
_CHOICE = re.compile(r"[A-Ha-h](?:[\s,、和]*[A-Ha-h])*[。.!]?\Z")
_END = re.compile(r"[\s。.!~,、?…]+")


def strip_mention(text: str) -> str:
    """The text without leading @names."""
    return _MENTION.sub("", text)


def _eaten(text: str, words: tuple[str, ...]) -> str:
    """What is left of `text` after polite particles and punctuation."""
    while True:
        shorter = _END.sub("", text, count=1) if _END.match(text) else text
        for word in words:
            if shorter.startswith(word):
                shorter = shorter[len(word) :]
                break
        if shorter == text:
            return text
        text = shorter


def _spaced(word: str) -> str:
    return r"\s{0,2}".join(map(re.escape, word))


class CommandParser:
    """Reads commands; build one per lexicon."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        self._rules: list[tuple[re.Pattern[str], CommandRule]] = []
        pairs = sorted(
            ((word, rule) for rule in lexicon.commands.values() for word in rule.words),
            key=lambda pair: -len(pair[0]),
        )
        for word, rule in pairs:
            self._rules.append((re.compile(_spaced(word), re.IGNORECASE), rule))
        self.heads = frozenset(word[0].lower() for word, _ in pairs)
        units = "|".join(map(re.escape, lexicon.units))
        # 「17 天庭」 is a number and a word: a unit after a blank must stand alone.
        self._units = re.compile(rf"(?:{units})|\s(?:{units})(?=$|[\s,。.!了啦])")

    def parse(self, text: str, *, mention: bool = False, quoted: bool = False) -> Command | None:
        """The command that folded `text` is, or None. `mention` and `quoted` allow forms that in open talk
        would be chatter."""
        body = strip_mention(text).strip()
        explicit = mention or quoted or body != text.strip()
        if body.startswith("#") and not body[1:2].isdigit():
            body, explicit = body[1:].lstrip(), True
        if not body or len(body) > 700:
            return None
        if quoted and _CHOICE.match(body):
            return Command("vote", (), body.rstrip("。.!").upper())
        found = self._at(body, explicit=explicit)
        if found is None and (polite := _eaten(body, self._lexicon.openers)) != body and polite:
            found = self._at(polite, explicit=explicit)
        return found

    def _at(self, body: str, *, explicit: bool) -> Command | None:
        if not body or body[0].lower() not in self.heads:
            return self._number_first(body)
        for pattern, rule in self._rules:
            if (matched := pattern.match(body)) and (
                command := self._filled(rule, body[matched.end() :], explicit=explicit)
            ):
                return command
        return None

    def _number_first(self, body: str) -> Command | None:
        """「17 接单」 「#17 已解决」: the number may stand before the verb."""
        matched = re.match(r"(?:#|第)?\s*(\d{1,6})\s*号?(?:单)?[\s,:]*", body)
        if not matched:
            return None
        after = body[matched.end() :]
        if not after or after[0].lower() not in self.heads:
            return None
        for pattern, rule in self._rules:
            if (
                rule.number in {"one", "many"}
                and rule.rest in {"no", "maybe"}
                and len(pattern.pattern) > 1
                and (verb := pattern.match(after))
            ):
                rest = after[verb.end() :]
                if not _eaten(rest, self._lexicon.particles):
                    return Command(rule.verb, (int(matched[1]),), "")
        return None

    def _filled(self, rule: CommandRule, tail: str, *, explicit: bool) -> Command | None:
        polite = _eaten(tail, self._lexicon.particles)
        if not polite:
            if not rule.bare and not explicit:
                return None
            if rule.alone:
                return Command(rule.alone)
            return Command(rule.verb)
        if rule.number == "key":
            key = _KEY.match(tail)
            if key:
                digits = re.sub(r"\D", "", key["name"])
                return Command(
                    rule.verb,
                    (int(digits),) if key["name"].isdigit() else (),
                    key["name"] + tail[key.end() :].rstrip(),
                )
            return (
                Command(rule.verb, (), tail.strip())
                if explicit or (tail[:1] in " :," and len(tail) < 12)
                else None
            )
        if rule.number in {"one", "many"}:
            numbers, rest = self._numbers(tail.translate(_DIGITS), many=rule.number == "many")
            if numbers:
                return self._with_rest(rule, numbers, rest)
            if nothing := _NO_NUMBER.match(tail):
                return self._with_rest(rule, (0,), tail[nothing.end() :])
        return self._without_number(rule, tail, explicit=explicit)

    def _numbers(self, tail: str, *, many: bool) -> tuple[tuple[int, ...], str]:
        numbers: list[int] = []
        at = 0
        while matched := _NUMBER.match(tail, at):
            end = matched.end()
            following = tail[end : end + 1]
            chinese = not matched["name"].isascii()
            if self._units.match(tail, end) and not matched["mark"]:
                break
            # A Chinese numeral, and every number after the first, must stand free: 接一下, 完成 17 3个灯.
            if (
                not matched["mark"]
                and following
                and (chinese or numbers)
                and following not in " ,、:;.!?。/|和\n"
            ):
                break
            if numbers and matched.start() == at and not _GAP.match(tail, at) and "#" not in matched[0]:
                break
            value = to_int(matched["name"])
            if not value:
                break
            if value not in numbers:
                numbers.append(value)
            at = end
            if not many:
                break
            if tail.startswith(("和", "及"), at):
                at += 1
        return tuple(numbers), tail[at:]

    def _with_rest(self, rule: CommandRule, numbers: tuple[int, ...], rest: str) -> Command | None:
        rest = _GAP.sub("", rest, count=1) if _GAP.match(rest) else rest
        rest = rest.strip()
        if rule.rest == "no" and _eaten(rest, self._lexicon.particles):
            return None
        if rule.rest == "choice":
            if not rest:
                return Command(rule.verb, numbers)
            return Command(rule.verb, numbers, rest.upper() if _CHOICE.match(rest) else rest)
        return Command(rule.verb, numbers, rest if rule.rest != "no" else "")

    def _without_number(self, rule: CommandRule, tail: str, *, explicit: bool) -> Command | None:
        apart = bool(_GAP.match(tail))
        rest = _GAP.sub("", tail, count=1).strip() if apart else tail.strip()
        match rule.rest:
            case "titled" | "barred":
                colon = tail.lstrip()[:1] in ":|" or "|" in tail
                if colon or (apart and (rule.free or explicit)) or (rule.free and explicit):
                    return Command(rule.verb, (), rest)
                if (
                    rule.verb in {"propose", "report_for"}
                    and apart
                    and (":" in rest or re.match(r"\d|[A-Za-z]座", rest))
                ):
                    return Command(rule.verb, (), rest)
                return None
            case "place":
                return Command(rule.verb, (), rest) if _HOME.match(rest) else None
            case "until":
                return Command(rule.verb, (), rest) if _UNTIL.match(rest) else None
            case "choice":
                return Command(rule.verb, (), rest.upper()) if _CHOICE.match(rest) else None
            case "text" | "maybe":
                if explicit or (rule.free and apart):
                    return Command(rule.verb, (), rest) if apart or explicit else None
                return None
            case _:
                return None


_HOME = re.compile(
    rf"(?:[^\s,。!?]{{0,10}}?)(?:\d{{1,3}}|{NUMERAL}{{1,3}}|[A-Za-z])(?:号楼|栋|幢|座|号|-)\s*(?:(?:\d{{1,2}}|{NUMERAL}{{1,2}}|[A-Za-z])(?:单元|-|门)\s*)?(?:\d{{2,4}})(?:室|号|房)?[\s,的]*(?:的)?(?:业主|租户|住户)?[\s,]*[\u4e00-\u9fff·]{{2,5}}\s*(?:[A-Za-z\d]{{0,12}})?\s*[。!]?\Z"
)
_UNTIL = re.compile(
    r"(?:到|至|从|\d|今天|明天|后天|下周|本周|这周|周|星期|[一二两三四五六七八九十半]+(?:天|周|个月))"
)
