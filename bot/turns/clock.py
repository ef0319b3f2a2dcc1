"""Business time: the wall clock, or in the sandbox the wall clock moved by a stored offset."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class Clock:
    """What time it is for deadlines and quiet hours. Leases, pacing and backoff use wall time instead."""

    def __init__(self, offset: timedelta = timedelta()) -> None:
        self.offset = offset

    def wall(self) -> datetime:
        """The machine's time."""
        return datetime.now(UTC)

    def now(self) -> datetime:
        """Business time, aware, in UTC."""
        return self.wall() + self.offset

    def stand_at(self, moment: datetime) -> None:
        """Move business time to `moment`; never backwards, so that no deadline runs twice."""
        self.offset = max(self.offset, moment - self.wall())
