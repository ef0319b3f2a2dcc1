"""How far an outgoing message has come, and what is noted of failures."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, NamedTuple

from models.base import OpenSet

#: What a conversation can wait for.
steps = OpenSet("step")


class Delivery(StrEnum):
    """How far an outgoing message has come."""

    #: Written at night or on a holiday: waits for the morning.
    QUIET = "quiet"
    PENDING = "pending"
    SENT = "sent"
    GIVEN_UP = "given_up"


_ERROR_LENGTH = 300


class Head(NamedTuple):
    """The oldest pending message of one chat: the only one of that chat that may go next."""

    id: int
    channel: str
    address: str
    due_at: datetime
    leased_until: datetime | None

    def ready_at(self) -> datetime:
        """When it may be claimed at the earliest."""
        return self.due_at if self.leased_until is None else max(self.due_at, self.leased_until)


class Claimed(NamedTuple):
    """A leased message; `attempts` counts this attempt and fences off a worker whose lease ran out."""

    id: int
    channel: str
    address: str
    body: dict[str, Any]
    attempts: int
    last_error: str


def failing_since(last_error: str, now: datetime) -> datetime:
    """When the first attempt failed, as `failure` wrote it; `now` for a message that had not failed yet."""
    try:
        return datetime.fromisoformat(last_error.split(" ", 1)[0])
    except ValueError:
        return now


def failure(since: datetime, why: str) -> str:
    """The words for `last_error`: the first failure's moment, at a fixed width so that text order is time
    order, and the latest reason."""
    return f"{since.astimezone(UTC).isoformat(timespec='microseconds')} {why[:_ERROR_LENGTH]}"
