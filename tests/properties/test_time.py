"""Deadline arithmetic and quiet hours, for any moment and against the real calendar of 2026."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from config.rules import load_talk_rules
from models.time import CHINA, after, calendar_knows, is_working_day, quiet_until

RULES = load_talk_rules()
MINUTES = st.integers(0, 40 * 365 * 24 * 60)
#: From 2020 to 2060, so that most lie outside the calendar's years.
MOMENTS = MINUTES.map(lambda minutes: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes))
KNOWN = st.integers(0, 1_500_000).map(
    lambda minutes: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)


def china(*parts: int) -> datetime:
    """A moment as people here say it."""
    return datetime(*parts, tzinfo=CHINA)  # type: ignore[misc,arg-type]  # year, month, day and what follows


@given(MOMENTS, st.integers(0, 40), st.integers(0, 40))
def test_more_days_are_later(start: datetime, few: int, more: int) -> None:
    assume(few < more)
    assert after(start, days=few) < after(start, days=more)


@given(MOMENTS, st.timedeltas(timedelta(0), timedelta(days=30)), st.integers(0, 20))
def test_a_later_start_is_never_due_earlier(start: datetime, ahead: timedelta, days: int) -> None:
    assert after(start, days=days) <= after(start + ahead, days=days)


@given(MOMENTS, st.integers(1, 40))
def test_never_due_on_a_day_off(start: datetime, days: int) -> None:
    due = after(start, days=days)
    assert is_working_day(due.astimezone(CHINA).date())
    assert due > start


@given(MOMENTS, st.integers(1, 20))
def test_just_so_many_working_days_between(start: datetime, days: int) -> None:
    first, last = start.astimezone(CHINA).date(), after(start, days=days).astimezone(CHINA).date()
    between = sum(is_working_day(first + timedelta(days=n)) for n in range(1, (last - first).days + 1))
    # A start on a day off counts from the next working day's midnight, which is itself the first of them.
    assert between == days + (not is_working_day(first))


@given(MOMENTS, st.integers(0, 10_000))
def test_hours_are_clock_hours(start: datetime, minutes: int) -> None:
    assert after(start, hours=minutes / 60) - start == timedelta(hours=minutes / 60)


@given(MOMENTS, st.integers(1, 20))
def test_the_time_of_day_stays_on_working_days(start: datetime, days: int) -> None:
    local, due = start.astimezone(CHINA), after(start, days=days).astimezone(CHINA)
    assert due.timetz() == (local.timetz() if is_working_day(local.date()) else china(2026, 1, 1).timetz())


@given(MOMENTS, st.integers(0, 20), st.sampled_from(["Asia/Shanghai", "UTC"]))
def test_the_zone_of_the_start_does_not_matter(start: datetime, days: int, zone: str) -> None:
    assert after(start.astimezone(CHINA if zone != "UTC" else UTC), days=days) == after(start, days=days)


@pytest.mark.parametrize(
    ("start", "days", "due"),
    [
        (china(2026, 11, 23, 10), 1, china(2026, 11, 24, 10)),
        # A weekend between.
        (china(2026, 11, 27, 18), 1, china(2026, 11, 30, 18)),
        # National Day: 1 to 7 October; Saturday the 10th is worked.
        (china(2026, 9, 30, 9), 1, china(2026, 10, 8, 9)),
        (china(2026, 10, 9, 9), 1, china(2026, 10, 10, 9)),
        # Spring Festival: 15 to 23 February; the Saturdays 14 and 28 are worked.
        (china(2026, 2, 13, 12), 2, china(2026, 2, 24, 12)),
        (china(2026, 2, 27, 12), 1, china(2026, 2, 28, 12)),
        # Said on a holiday: counts from the first working day's midnight.
        (china(2026, 2, 17, 20), 1, china(2026, 2, 25)),
        (china(2026, 11, 28, 20), 1, china(2026, 12, 1)),
        # Over the end of the calendar's last known year: plain weekdays.
        (china(2026, 12, 31, 10), 1, china(2027, 1, 1, 10)),
        (china(2027, 2, 5, 10), 1, china(2027, 2, 8, 10)),
    ],
)
def test_known_cases(start: datetime, days: int, due: datetime) -> None:
    assert after(start, days=days) == due.astimezone(UTC)


def test_years_outside_the_calendar_are_plain_weekdays() -> None:
    assert calendar_knows(2026)
    outside = next(year for year in range(2027, 2100) if not calendar_knows(year))
    days = [date(outside, 1, 1) + timedelta(days=n) for n in range(365)]
    assert all(is_working_day(day) == (day.weekday() < 5) for day in days)


@given(MOMENTS)
@example(china(2026, 2, 16, 12))
@example(china(2026, 2, 22, 23, 59))
def test_the_end_of_quiet_hours_is_not_quiet(moment: datetime) -> None:
    end = quiet_until(moment, RULES)
    local = moment.astimezone(CHINA)
    if end is None:
        assert RULES.quiet_until <= local.hour < RULES.quiet_from
        return
    assert end > moment
    assert end - moment < timedelta(days=9)
    assert end.tzinfo == moment.tzinfo
    assert quiet_until(end, RULES) is None
    until = end.astimezone(CHINA)
    assert (until.hour, until.minute, until.second) == (RULES.quiet_until, 0, 0)


@given(KNOWN, st.timedeltas(timedelta(0), timedelta(days=3)))
def test_what_is_held_does_not_overtake(moment: datetime, ahead: timedelta) -> None:
    later = moment + ahead
    assert (quiet_until(moment, RULES) or moment) <= (quiet_until(later, RULES) or later)


@pytest.mark.parametrize(
    ("moment", "end"),
    [
        (china(2026, 11, 23, 10), None),
        (china(2026, 11, 23, 21, 59), None),
        (china(2026, 11, 23, 22), china(2026, 11, 24, 7)),
        (china(2026, 11, 24, 3), china(2026, 11, 24, 7)),
        # 除夕 is 16 February 2026, 初六 the 22nd.
        (china(2026, 2, 15, 12), None),
        (china(2026, 2, 15, 23), china(2026, 2, 23, 7)),
        (china(2026, 2, 16, 9), china(2026, 2, 23, 7)),
        (china(2026, 2, 22, 21), china(2026, 2, 23, 7)),
        (china(2026, 2, 23, 9), None),
        # 除夕 of 2027 is 5 February.
        (china(2027, 2, 5, 12), china(2027, 2, 12, 7)),
    ],
)
def test_quiet_hours_and_days(moment: datetime, end: datetime | None) -> None:
    assert quiet_until(moment, RULES) == end
