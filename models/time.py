"""Time as people here keep it: one civil time, working days and public holidays, limits in hours and in working days."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import chinese_calendar
from lunardate import LunarDate

from config.rules import Limit, TalkRules

#: All communities are in China, which has one civil time.
CHINA = ZoneInfo("Asia/Shanghai")


@lru_cache(maxsize=4096)
def is_working_day(day: date) -> bool:
    """A working day in China: the State Council's holidays and make-up days where known, else Monday to
    Friday."""
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return day.weekday() < 5


def calendar_knows(year: int) -> bool:
    """Whether the holiday calendar covers the year, for `doctor`."""
    try:
        chinese_calendar.is_workday(date(year, 1, 1))
    except NotImplementedError:
        return False
    return True


def after(start: datetime, *, hours: float = 0, days: int = 0) -> datetime:
    """`start` plus clock hours, or plus working days (contract.md: limits in hours are clock hours, limits in
    days working days).

    Working days keep the time of day; a start on a day off counts from the next working day's midnight.
    """
    due = start + timedelta(hours=hours)
    if days <= 0:
        return due
    local = due.astimezone(CHINA)
    day, at = local.date(), local.timetz()
    if not is_working_day(day):
        at = time(tzinfo=CHINA)
        while not is_working_day(day):
            day += timedelta(days=1)
    for _ in range(days):
        day += timedelta(days=1)
        while not is_working_day(day):
            day += timedelta(days=1)
    return datetime.combine(day, at).astimezone(UTC)


def limit_from(start: datetime, limit: Limit) -> datetime:
    """When a limit that starts now ends."""
    return after(start, hours=limit.hours, days=limit.days)


def quiet_until(moment: datetime, rules: TalkRules) -> datetime | None:
    """The end of the quiet hours or quiet days that `moment` falls into, or None. Quiet days: 除夕 to
    初六."""
    local = moment.astimezone(CHINA)
    end = local
    if local.hour >= rules.quiet_from:
        end = (local + timedelta(days=1)).replace(hour=rules.quiet_until, minute=0, second=0, microsecond=0)
    elif local.hour < rules.quiet_until:
        end = local.replace(hour=rules.quiet_until, minute=0, second=0, microsecond=0)
    while _spring_festival(end.date()):
        end = (end + timedelta(days=1)).replace(hour=rules.quiet_until, minute=0, second=0, microsecond=0)
    return end.astimezone(moment.tzinfo) if end != local else None


@lru_cache(maxsize=512)
def _spring_festival(day: date) -> bool:
    """除夕 to 初六."""
    today, tomorrow = LunarDate.from_solar_date(day.year, day.month, day.day), day + timedelta(days=1)
    if today.month == 1 and not today.is_leap_month:
        return bool(today.day <= 6)
    eve = LunarDate.from_solar_date(tomorrow.year, tomorrow.month, tomorrow.day)
    return bool(eve.month == 1 and eve.day == 1 and not eve.is_leap_month)
