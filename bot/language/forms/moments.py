"""Dates, times and spans as people write them in a group: 到12月5日, 后天晚上八点, 三天内, 24小时, 下周三."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from bot.language.normalise import fold
from bot.language.numerals import to_int

_N = r"(?:\d{1,4}|[零〇一二两三四五六七八九十廿百]{1,5})"
_SPAN = re.compile(
    rf"(?P<half>半(?:个)?(?P<half_unit>月|年|天|小时))|(?P<n>{_N}|几)(?P<middle>个半|个|半)?(?P<unit>分钟|小时|钟头|天|日(?=内|后|之后|以内|之内)|晚|周(?![一二三四五六日天末])|星期(?![一二三四五六日天])|礼拜(?![一二三四五六日天])|月(?!\d|份|[一二三四五六七八九十]{{1,3}}[日号]|底|初)|年)(?P<tail>内|后|之后|以后|之内|以内)?"
)
_ISO = re.compile(r"(?P<y>20\d\d)[-/.年](?P<m>\d{1,2})[-/.月](?P<d>\d{1,2})[日号]?")
_MONTH_DAY = re.compile(
    rf"(?:(?P<y>20\d\d|明|今|本)年)?(?<!\d)(?P<m>{_N})月(?P<d>{_N})[日号]?|(?<![\d./-])(?P<m2>1[0-2]|0?[1-9])[./](?P<d2>3[01]|[12]\d|0?[1-9])(?![\d./-]|元|块|万)"
)
_MONTH_END = re.compile(
    rf"(?:(?P<m>{_N})|(?P<this>这个?|本|当)|(?P<next>下个?))月(?P<which>底|末|初|中)|(?P<bare>月底|月末)|(?P<year>年底|年末|春节前|过年前)"
)
_DAY_OF_MONTH = re.compile(
    rf"(?:(?P<next>下个?月)|(?P<this>这个?月|本月)|(?<!月))(?<!\d)(?P<d>{_N})[日号](?!楼|院|线|门|栋|房|店|单)"
)
_RELATIVE = re.compile(r"大后天|后天|明天|明日|明早|明晚|今天|今日|今晚|今夜|今早|当天")
_WEEKDAY = re.compile(
    r"(?P<which>下下个?|下个?|这个?|本|上个?)?(?:周|星期|礼拜)(?P<day>[一二三四五六日天末])"
)
_CLOCK = re.compile(
    r"(?P<part>凌晨|清早|清晨|大清早|早上|早晨|上午|早|中午|正午|下午|午后|傍晚|晚上|晚间|夜里|夜间|半夜|晚|夜|午夜)?(?:的|前)?(?P<h>\d{1,2}|[一二两三四五六七八九十]{1,3})(?:[:：](?P<m>\d{2})(?!\d)|[点时](?!间|候|段|钟头)(?:钟|整)?(?:(?P<half>半)|(?P<quarter>[一三]刻)|(?P<m2>\d{1,2}|[一二三四五六七八九十]{1,3})分?)?)"
)
_PART_ONLY = re.compile(r"中午|正午|午夜|零点|下班前|下班")
_WEEK = {"一": 0, "二": 1, "三": 2, "四": 3, "五": 4, "六": 5, "日": 6, "天": 6, "末": 6}
_RELATIVE_DAYS = {"大后天": 3, "后天": 2, "明": 1, "今": 0, "当": 0}
_MORNING = {"凌晨", "清早", "清晨", "大清早", "早上", "早晨", "上午", "早", "半夜"}


@dataclass(frozen=True, slots=True)
class Moment:
    """An end that somebody named: a span (ISO duration) or a local date and time; one of them is None."""

    span: str | None
    at: datetime | None
    start: int  # where in the folded text the words stand
    end: int

    def resolve(self, now: datetime) -> datetime | None:
        """The end as a point in time."""
        if self.at is not None:
            return self.at if now.tzinfo is None else self.at.replace(tzinfo=now.tzinfo)
        return now + span_length(self.span, now) if self.span else None


def span_length(span: str, now: datetime) -> timedelta:
    """The length of an ISO duration made here (P3D, PT24H, P1M, P1Y) counted from `now`."""
    matched = re.fullmatch(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?)?", span)
    if not matched:
        return timedelta(0)
    years, months, days, hours, minutes = (int(part or 0) for part in matched.groups())
    length = timedelta(days=days, hours=hours, minutes=minutes)
    if years or months:
        count = now.month - 1 + months + 12 * years
        year, month = now.year + count // 12, count % 12 + 1
        if year > 9990:
            return length
        last = (date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)).day
        length += now.replace(year=year, month=month, day=min(now.day, last)) - now
    return length


def _span(matched: re.Match[str]) -> str | None:
    if matched["half"]:
        return {"月": "P15D", "年": "P6M", "天": "PT12H", "小时": "PT30M"}[matched["half_unit"]]
    number = to_int(matched["n"])
    if number is None or number > 3650:
        return None
    half = "半" in (matched["middle"] or "")
    match matched["unit"]:
        case "分钟":
            return f"PT{number}M"
        case "小时" | "钟头":
            return f"PT{number}H" + ("30M" if half else "")
        case "天" | "日" | "晚":
            return f"P{number}DT12H" if half else f"P{number}D"
        case "周" | "星期" | "礼拜":
            return f"P{7 * number}D"
        case "月":
            return f"P{number}M" + ("15D" if half else "")
        case _:
            return f"P{number}Y" + ("6M" if half else "")


def _clock(text: str, start: int) -> tuple[time | None, int]:
    """The time of day written at or shortly after `start`, and where it ends."""
    best: re.Match[str] | None = None
    for matched in _CLOCK.finditer(text, start):
        if matched.start() - start <= 8 and "。" not in text[start : matched.start()]:
            best = matched
        break
    if best is None:
        alone = _PART_ONLY.match(text, start)
        if alone and not alone[0].startswith("下班"):
            return (
                time(23, 59) if alone[0] == "午夜" else time(0, 0) if alone[0] == "零点" else time(12, 0)
            ), alone.end()
        return None, start
    hour = to_int(best["h"])
    if hour is None or hour > 24:
        return None, start
    minute = (
        int(best["m"])
        if best["m"]
        else 30
        if best["half"]
        else {"一": 15, "三": 45}.get((best["quarter"] or " ")[0], 0)
    )
    if best["m2"]:
        minute = to_int(best["m2"]) or 0
    part = best["part"] or {"今晚": "晚", "明晚": "晚", "明早": "早", "今早": "早"}.get(
        text[max(0, best.start() - 2) : best.start()]
    )
    if part and part not in _MORNING and hour < 12 and not (part in {"中午", "正午"} and hour >= 10):
        hour += 12
    if minute > 59:
        return None, start
    return (time(23, 59) if hour == 24 else time(hour, minute)), best.end()


def _day(text: str, now: datetime) -> tuple[date, int, int] | None:  # noqa: C901 - one case for each way to name a day
    today = now.date()
    try:
        if matched := _ISO.search(text):
            return (
                date(int(matched["y"]), int(matched["m"]), int(matched["d"])),
                matched.start(),
                matched.end(),
            )
        if matched := _MONTH_DAY.search(text):
            month, day = to_int(matched["m"] or matched["m2"]), to_int(matched["d"] or matched["d2"])
            if month and day and month <= 12 and day <= 31:
                named = matched["y"]
                if named and named.isdigit():
                    return date(int(named), month, day), matched.start(), matched.end()
                found = date(today.year + (named == "明"), month, day)
                if found < today and not named:
                    found = date(today.year + 1, month, day)
                return found, matched.start(), matched.end()
        if matched := _WEEKDAY.search(text):
            weekday = _WEEK[matched["day"]]
            which = matched["which"] or ""
            monday = today - timedelta(days=today.weekday())
            found = monday + timedelta(days=weekday + 7 * which.count("下"))
            if found < today and not which:
                found += timedelta(days=7)
            return found, matched.start(), matched.end()
        if matched := _RELATIVE.search(text):
            days = next(days for name, days in _RELATIVE_DAYS.items() if matched[0].startswith(name))
            end = matched.end() - (matched[0][-1] in "早晚夜")  # the time of day is read from 早 and 晚 on
            return today + timedelta(days=days), matched.start(), end
        if matched := _MONTH_END.search(text):
            if matched["year"]:
                return date(today.year, 12, 31), matched.start(), matched.end()
            month = to_int(matched["m"]) if matched["m"] else today.month + bool(matched["next"])
            if month and 1 <= month <= 13:
                year, month = (
                    today.year + (month > 12 or (bool(matched["m"]) and month < today.month)),
                    (month - 1) % 12 + 1,
                )
                last = (date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)).day
                return (
                    date(year, month, {"初": 5, "中": 15}.get(matched["which"] or "", last)),
                    matched.start(),
                    matched.end(),
                )
        if matched := _DAY_OF_MONTH.search(text):
            day = to_int(matched["d"])
            if day and day <= 31:
                month, year = today.month, today.year
                if matched["next"] or (day < today.day and not matched["this"]):
                    year, month = year + month // 12, month % 12 + 1
                return date(year, month, day), matched.start(), matched.end()
    except ValueError:
        return None
    return None


def find_moment(text: str, now: datetime | None, *, spans: bool = True) -> Moment | None:
    """The end named in folded `text`: an explicit date wins over a span; without `now` only spans and full
    dates can be read."""
    base = now.replace(tzinfo=None) if now is not None else None
    found = _day(text, base) if base is not None else None
    if found is None and base is None and (matched := _ISO.search(text)):
        found = _day(matched[0], datetime(2000, 1, 1))  # noqa: DTZ001 - any day will do
        found = (found[0], matched.start(), matched.end()) if found else None
    if found is not None:
        day, start, end = found
        clock, clock_end = _clock(text, end)
        # 下周五(3月6日)中午12点: another date may stand between the first one and its time.
        return Moment(None, datetime.combine(day, clock or time(23, 59)), start, max(end, clock_end))
    if spans:
        for matched in _SPAN.finditer(text):
            if span := _span(matched):
                return Moment(span, None, matched.start(), matched.end())
    if base is not None and (matched_clock := _CLOCK.search(text)):
        clock, end = _clock(text, matched_clock.start())
        if clock is not None:
            at = datetime.combine(base.date(), clock)
            return Moment(None, at if at > base else at + timedelta(days=1), matched_clock.start(), end)
    return None


def parse_until(text: str, now: datetime) -> datetime | None:
    """When 「到12月5日」「到下周三」「三天后」「后天晚上八点」「24小时」 ends; a date without a time ends at
    23:59, None if no end is named."""
    moment = find_moment(fold(text), now)
    return moment.resolve(now) if moment else None
