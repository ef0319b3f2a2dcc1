"""An issue: its states, its history, who backs it, who holds it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Owned, partial, refers, words
from models.issues.rules import ISSUE, LIVE, TRANSITIONS, NotAllowed, Status, Urgency
from models.people.rules import posts
from models.things.tables import Placed

#: What goes with a reporter (what fired and the hash would give the words away), and with whoever backs.
_WORDS: dict[str, Any] = {"text": None, "room": None, "why": [], "words_hash": ""}
_BACKING = {"text": None, "message_id": None, "remark": None}


class Issue(Placed, Base):
    """诉求: one thing that is wrong."""

    kind = ISSUE

    __tablename__ = "issues"
    __table_args__ = (
        CheckConstraint("level BETWEEN 1 AND 3", name="level"),
        CheckConstraint("(status = 'merged') = (merged_into IS NOT NULL)", name="merged"),
        partial(
            "ix_issues_live_place",
            "community_id",
            "category",
            "building_id",
            where="status IN ('open', 'accepted')",
        ),
        partial("ix_issues_live_words", "community_id", "words_hash", where="status IN ('open', 'accepted')"),
        Index("ix_issues_reporter", "reporter_id"),
        # The board counts and lists from this alone: with 200,000 issues 35 ms instead of 250.
        Index(
            "ix_issues_board",
            "community_id",
            "hidden",
            "sensitive",
            "status",
            "category",
            "building_id",
            "held_until",
        ),
    )
    status: Mapped[Status] = mapped_column(words(Status))
    category: Mapped[str]
    urgency: Mapped[Urgency] = mapped_column(words(Urgency))
    level: Mapped[int]
    #: 匿名反映 or a sensitive category: the group hears no detail, the handler not the reporter, the public
    #: sees a count (promise 11).
    sensitive: Mapped[bool]
    #: Somebody asked with 匿名 not to be known: it never becomes public again, whatever category it gets.
    anonymous: Mapped[bool] = mapped_column(default=False)
    #: The reporter was promised that nobody learns who said it; kept for good.
    discreet: Mapped[bool] = mapped_column(default=False)
    hidden: Mapped[bool] = mapped_column(default=False)
    unit: Mapped[str | None]
    room: Mapped[str | None]
    spot: Mapped[str | None]
    #: The resident's own words; never shown on a public page (promise 12), NULL once erased.
    text: Mapped[str | None]
    words_hash: Mapped[str]
    reporter_id: Mapped[int | None] = mapped_column(refers("identities", personal="unlink", blank=_WORDS))
    #: 代报: the officer who entered it for somebody.
    entered_by: Mapped[int | None] = mapped_column(refers("people", personal="keep"))
    #: Where it was said: the group's id, NULL for a direct chat or the gate page.
    chat_id: Mapped[int | None] = mapped_column(refers("chats"))
    alarm: Mapped[str | None]
    #: Roles the text complains about, joined by a comma: they are passed over (回避).
    against: Mapped[str] = mapped_column(default="")
    #: The words and rules by which it was understood.
    why: Mapped[list[str]] = mapped_column(type_=Base.type_annotation_map[dict[str, Any]])
    merged_into: Mapped[int | None] = mapped_column(refers("issues"))
    #: 挂账 until then, once approved.
    held_until: Mapped[datetime | None]
    opened_at: Mapped[datetime]
    changed_at: Mapped[datetime]

    def move_to(self, status: Status, now: datetime) -> None:
        """Change the state, or raise `NotAllowed`; the caller records why in the history."""
        if status not in TRANSITIONS[self.status]:
            raise NotAllowed(self.status, status)
        self.status, self.changed_at = status, now

    @property
    def live(self) -> bool:
        """Somebody still has to act on the matter itself."""
        return self.status in LIVE

    @property
    def public(self) -> bool:
        """Whether it has a page of its own."""
        return not self.sensitive and not self.hidden

    @property
    def accused(self) -> tuple[str, ...]:
        """The posts that the text complains about: they are passed over (回避)."""
        return tuple(filter(None, self.against.split(",")))


class OfIssue(Owned):
    """A part of one issue."""

    issue_id: Mapped[int] = mapped_column(refers("issues"))


class IssueEvent(OfIssue, Base):
    """One line of an issue's history; `detail` is for those who may see it, `what` for everybody."""

    __tablename__ = "issue_events"
    __table_args__ = (Index("ix_issue_events_issue", "issue_id"),)
    at: Mapped[datetime]
    #: A key under `history/` in config/texts.
    what: Mapped[str]
    #: The post in which somebody acted, NULL for residents and for the clock.
    role: Mapped[str | None] = mapped_column(posts)
    person_id: Mapped[int | None] = mapped_column(refers("people", personal="keep"))
    #: Values for the public sentence: numbers, role and department names, never a resident's words or name.
    public: Mapped[dict[str, Any]] = mapped_column(default=dict)
    #: The officer's words or the reason of a decision, for the reporter and for officers.
    detail: Mapped[str] = mapped_column(default="")


class Endorsement(OfIssue, Base):
    """附议: another resident reports or backs the same thing. The first reporter has a row too, so that all
    are asked alike."""

    __tablename__ = "endorsements"
    __table_args__ = (
        UniqueConstraint("issue_id", "identity_id"),
        Index("ix_endorsements_identity", "identity_id"),
        CheckConstraint("score BETWEEN 1 AND 5", name="score"),
    )
    identity_id: Mapped[int] = mapped_column(refers("identities", personal="unlink", blank=_BACKING))
    first: Mapped[bool]
    #: This resident began with 匿名反映.
    anonymous: Mapped[bool] = mapped_column(default=False)
    at: Mapped[datetime]
    #: What this resident wrote, if it was a report of its own; NULL for a bare 附议 and once erased.
    text: Mapped[str | None]
    #: The platform's id of that message, for 撤回 (recall) and 不是同一件.
    message_id: Mapped[str | None]
    #: The rating of the finished work, 1 to 5.
    score: Mapped[int | None]
    remark: Mapped[str | None]
    rated_at: Mapped[datetime | None]
    #: When the question 「解决了吗」 is known to have been seen on the follow page.
    asked_seen_at: Mapped[datetime | None]


class Assignment(OfIssue, Base):
    """派单: an issue in one person's hands. Several may be offered it (emergencies); one holds it."""

    __tablename__ = "assignments"
    __table_args__ = (
        Index("ix_assignments_issue", "issue_id"),
        partial("ix_assignments_open_person", "person_id", where="ended_at IS NULL"),
        partial("uq_assignments_holder", "issue_id", where="ended_at IS NULL AND holder", unique=True),
    )
    person_id: Mapped[int] = mapped_column(refers("people", personal="keep"))
    role: Mapped[str] = mapped_column(posts)
    department: Mapped[str] = mapped_column(default="")
    #: False: told of it together with the holder and free to take it (两级同报).
    holder: Mapped[bool] = mapped_column(default=True)
    given_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    #: Why this person: a key under `why/` in config/texts with its values (promise 7).
    why: Mapped[dict[str, Any]]


class Photo(OfIssue, Base):
    """A picture of an issue, kept as a file named by the hash of its re-encoded content."""

    __tablename__ = "photos"
    __table_args__ = (
        UniqueConstraint("issue_id", "digest"),
        Index("ix_photos_digest", "digest"),
        Index("ix_photos_taken", "at"),
    )
    digest: Mapped[str]
    #: The sender: an identity for residents, a person for officers.
    identity_id: Mapped[int | None] = mapped_column(refers("identities", personal="delete"))
    by_officer: Mapped[bool]
    at: Mapped[datetime]
    #: 已看：无人脸、车牌、小孩. Only then an officer's photo is public (promise 12).
    cleared_at: Mapped[datetime | None]
    cleared_by: Mapped[int | None] = mapped_column(refers("people", personal="keep"))


class Whistle(OfIssue, Base):
    """吹哨: the street (or the secretary) calls departments to one issue."""

    __tablename__ = "whistles"
    __table_args__ = (Index("ix_whistles_issue", "issue_id"),)
    by_id: Mapped[int] = mapped_column(refers("people", personal="keep"))
    at: Mapped[datetime]
    hours: Mapped[int]


class ReportIn(OfIssue, Base):
    """报到: one department's answer to a whistle, each with its own clock; one of them leads."""

    __tablename__ = "report_ins"
    __table_args__ = (UniqueConstraint("whistle_id", "department"), Index("ix_report_ins_issue", "issue_id"))
    whistle_id: Mapped[int] = mapped_column(refers("whistles"))
    department: Mapped[str]
    person_id: Mapped[int] = mapped_column(refers("people", personal="keep"))
    leading: Mapped[bool]
    due_at: Mapped[datetime]
    reported_at: Mapped[datetime | None]
    reported_by: Mapped[int | None] = mapped_column(refers("people", personal="keep"))


class Hold(OfIssue, Base):
    """挂账: waiting for parts or money, asked by the holder and approved one rung up."""

    __tablename__ = "holds"
    __table_args__ = (partial("uq_holds_open", "issue_id", where="decided_at IS NULL", unique=True),)
    asked_by: Mapped[int] = mapped_column(refers("people", personal="keep"))
    asked_at: Mapped[datetime]
    approver_id: Mapped[int] = mapped_column(refers("people", personal="keep"))
    until: Mapped[datetime]
    reason: Mapped[str]
    decided_at: Mapped[datetime | None]
    approved: Mapped[bool | None]


class Correction(OfIssue, Base):
    """改类 or 不是诉求: what an officer put right, kept for `yishiting understand --review`."""

    __tablename__ = "corrections"
    __table_args__ = (Index("ix_corrections_issue", "issue_id"),)
    at: Mapped[datetime]
    by_id: Mapped[int] = mapped_column(refers("people", personal="keep"))
    was: Mapped[str]
    #: The right category, or NULL for 不是诉求.
    category: Mapped[str | None]
