"""Time as people here keep it: one civil time, working days and public holidays, limits in hours and in working days."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import chinese_calendar

from config.rules import Limit

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
