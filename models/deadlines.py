"""Deadlines: pure arithmetic in working time, and the rows that fall due."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

import chinese_calendar
from sqlalchemy import Index, Select, select, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id, refers, words

#: All communities are in China, which has one civil time.
CHINA = ZoneInfo("Asia/Shanghai")


class Due(StrEnum):
    """What falls due."""

    ACCEPT = "accept"
    RESOLVE = "resolve"
    CONFIRM = "confirm"
    VISIT = "visit"
    REPORT_IN = "report_in"
    HOLD = "hold"
    HOLD_APPROVAL = "hold_approval"


class Deadline(Base):
    """One clock that runs for one issue. Open while `settled_at` is NULL; `met` says how it ended (NULL:
    cancelled)."""

    __tablename__ = "deadlines"
    __table_args__ = (
        Index("ix_deadlines_issue", "issue_id"),
        Index(
            "ix_deadlines_due",
            "due_at",
            sqlite_where=text("settled_at IS NULL AND missed_at IS NULL"),
            postgresql_where=text("settled_at IS NULL AND missed_at IS NULL"),
        ),
    )
    id: Mapped[Id]
    community_id: Mapped[int] = mapped_column(refers("communities"))
    issue_id: Mapped[int] = mapped_column(refers("issues"))
    assignment_id: Mapped[int | None] = mapped_column(refers("assignments"))
    report_in_id: Mapped[int | None] = mapped_column(refers("report_ins"))
    what: Mapped[Due] = mapped_column(words(Due))
    due_at: Mapped[datetime]
    missed_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]
    met: Mapped[bool | None]


def next_due(limit: int = 1) -> Select[Deadline]:
    """The deadlines still running, earliest first; the clock takes one at a time and asks again."""
    return (
        select(Deadline)
        .where(Deadline.settled_at.is_(None), Deadline.missed_at.is_(None))
        .order_by(Deadline.due_at, Deadline.id)
        .limit(limit)
    )


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
