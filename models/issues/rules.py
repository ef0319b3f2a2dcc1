"""An issue’s states, and the draft of one."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from models.people.find.directory import Located
from models.things.rules import deadline_kinds, kinds


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


ISSUE = kinds.add("issue", "诉求")


class Due:
    """What falls due for an issue."""

    ACCEPT = deadline_kinds.add("accept")
    RESOLVE = deadline_kinds.add("resolve")
    CONFIRM = deadline_kinds.add("confirm")
    VISIT = deadline_kinds.add("visit")
    REPORT_IN = deadline_kinds.add("report_in")
    HOLD = deadline_kinds.add("hold")
    HOLD_APPROVAL = deadline_kinds.add("hold_approval")


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


def issue_title(place: str, spot: str | None, category_title: str) -> str:
    """The public title of an issue from its place label, its spot and the title of its category."""
    what = category_title if not spot or spot in category_title else f"{spot} · {category_title}"
    return f"{place} · {what}" if place else what
