"""An issue’s states, and the draft of one."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from models.people.find.directory import Located


class Status(StrEnum):
    """Where an issue stands (contract.md, JSON twin of an issue)."""

    OPEN = "open"
    ACCEPTED = "accepted"
    RESOLVED = "resolved"
    CLOSED = "closed"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    MERGED = "merged"


class Urgency(StrEnum):
    """How soon somebody must act; config/rules/issues.yaml gives the limits."""

    EMERGENCY = "emergency"
    URGENT = "urgent"
    ORDINARY = "ordinary"


#: Which state may follow which. 没修好 leads from resolved or closed back to accepted, 退回 from accepted to
#: open.
TRANSITIONS: dict[Status, frozenset[Status]] = {
    Status.OPEN: frozenset(
        {Status.ACCEPTED, Status.RESOLVED, Status.REFUSED, Status.WITHDRAWN, Status.MERGED}
    ),
    Status.ACCEPTED: frozenset(
        {Status.OPEN, Status.RESOLVED, Status.REFUSED, Status.WITHDRAWN, Status.MERGED}
    ),
    Status.RESOLVED: frozenset(
        {Status.ACCEPTED, Status.OPEN, Status.CLOSED, Status.WITHDRAWN, Status.MERGED}
    ),
    Status.CLOSED: frozenset({Status.ACCEPTED, Status.OPEN}),
    Status.REFUSED: frozenset(),
    Status.WITHDRAWN: frozenset(),
    Status.MERGED: frozenset(),
}
#: States in which somebody still has to do something about the matter itself.
LIVE = (Status.OPEN, Status.ACCEPTED)


class NotAllowed(ValueError):
    """The transition table does not know this step; `was` and `wanted` name it."""

    def __init__(self, was: Status, wanted: Status) -> None:
        super().__init__(f"{was} cannot become {wanted}")
        self.was, self.wanted = was, wanted


@dataclass(frozen=True, slots=True)
class Said:
    """What a resident reported, understood and located: the draft of an issue."""

    text: str
    category: str
    urgency: Urgency
    where: Located
    why: tuple[str, ...] = ()
    alarm: str | None = None
    against: tuple[str, ...] = ()
    anonymous: bool = False
    message_id: str | None = None


def words_hash(words: str) -> str:
    """Equal for the same words whatever the blanks and punctuation."""
    kept = "".join(c for c in words if c.isalnum())
    return hashlib.sha256(kept.encode()).hexdigest()[:16]
