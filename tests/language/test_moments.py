"""Ends of votes, leaves and deadlines."""

# ruff: noqa: DTZ001 - people write local times
from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.language import parse_until

NOW = datetime(2026, 3, 4, 10, 30)  # a Wednesday


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("到12月5日", datetime(2026, 12, 5, 23, 59)),
        ("到1月5号", datetime(2027, 1, 5, 23, 59)),
        ("到下周三", datetime(2026, 3, 11, 23, 59)),
        ("周五", datetime(2026, 3, 6, 23, 59)),
        ("周一", datetime(2026, 3, 9, 23, 59)),
        ("三天后", datetime(2026, 3, 7, 10, 30)),
        ("后天晚上八点", datetime(2026, 3, 6, 20, 0)),
        ("明早八点半", datetime(2026, 3, 5, 8, 30)),
        ("24小时", datetime(2026, 3, 5, 10, 30)),
        ("截止 2026-12-10 18:00", datetime(2026, 12, 10, 18, 0)),
        ("一週", datetime(2026, 3, 11, 10, 30)),
        ("两周", datetime(2026, 3, 18, 10, 30)),
        ("下周日中午12点", datetime(2026, 3, 15, 12, 0)),
        ("今晚十点", datetime(2026, 3, 4, 22, 0)),
        ("月底", datetime(2026, 3, 31, 23, 59)),
        ("１２月５日", datetime(2026, 12, 5, 23, 59)),
        ("一个月", datetime(2026, 4, 4, 10, 30)),
    ],
)
def test_ends(text: str, end: datetime) -> None:
    assert parse_until(text, NOW) == end


def test_zone_of_now_is_kept() -> None:
    now = NOW.replace(tzinfo=timezone(timedelta(hours=8)))
    end = parse_until("到12月5日", now)
    assert end is not None
    assert end.tzinfo is now.tzinfo


@pytest.mark.parametrize("text", ["", "等配件", "到时候再说", "2月30日"])
def test_no_end(text: str) -> None:
    assert parse_until(text, NOW) is None


@given(st.text(max_size=40), st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)))
def test_never_raises(text: str, now: datetime) -> None:
    parse_until(text, now)


@given(st.integers(1, 12), st.integers(1, 28))
def test_dates_lie_ahead(month: int, day: int) -> None:
    end = parse_until(f"到{month}月{day}日", NOW)
    assert end is not None
    assert (end.month, end.day) == (month, day)
    assert end.date() >= NOW.date()
