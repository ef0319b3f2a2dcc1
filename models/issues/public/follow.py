"""What somebody who reported through the gate page may read of it: a secret address stands for them, nobody else has it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models.issues.public.issue import IssueView, view
from models.issues.rules import Status
from models.issues.tables import Endorsement, Issue, Photo
from models.messages.tables import Outbox
from models.people.tables import Identity
from models.places.tables import Community

#: The channel of the gate page; an account's external id there is the secret of its address `/t/{token}`.
GATE = "gate"


@dataclass(frozen=True, slots=True)
class Mine:
    """One issue as its reporter sees it."""

    view: IssueView
    community: str
    endorsement_id: int
    #: The reporter's own words and photos.
    words: str
    photos: list[str]
    score: int | None
    #: Whether 「解决了吗」 has been shown before.
    asked_seen: bool

    @property
    def open_question(self) -> bool:
        """The answer to 「解决了吗」 is awaited."""
        return self.view.issue.status is Status.RESOLVED


@dataclass(frozen=True, slots=True)
class Followed:
    """What a token leads to."""

    identity_id: int
    #: Newest first.
    issues: list[Mine]
    #: The bot's messages to this reporter, oldest first: {"text", "buttons", "images", "links"}.
    messages: list[tuple[datetime, dict[str, Any]]]


def followed(session: Session, token: str, *, messages: int = 8) -> Followed | None:
    """Everything behind a token, or None when nobody has it."""
    identity = session.scalar(select(Identity).where(Identity.channel == GATE, Identity.external == token))
    if identity is None:
        return None
    backed = select(Endorsement).where(Endorsement.identity_id == identity.id).order_by(Endorsement.id.desc())
    said = (
        select(Outbox.at, Outbox.body)
        .where(Outbox.channel == GATE, Outbox.address == f"dm:{token}")
        .order_by(Outbox.id.desc())
        .limit(messages)
    )
    return Followed(
        identity.id,
        [_mine(session, endorsement) for endorsement in session.scalars(backed)],
        [(row.at, row.body) for row in reversed(session.execute(said).all())],
    )


def _mine(session: Session, endorsement: Endorsement) -> Mine:
    issue = session.get_one(Issue, endorsement.issue_id)
    own = issue
    # A report that was joined to another one follows that one.
    while issue.merged_into is not None:
        issue = session.get_one(Issue, issue.merged_into)
    photos = (
        select(Photo.digest)
        .where(Photo.issue_id.in_({issue.id, own.id}), Photo.identity_id == endorsement.identity_id)
        .order_by(Photo.id)
    )
    return Mine(
        view(session, issue),
        session.scalars(select(Community.name).where(Community.id == issue.community_id)).one(),
        endorsement.id,
        endorsement.text or (own.text or "" if own.reporter_id == endorsement.identity_id else ""),
        list(session.scalars(photos)),
        endorsement.score,
        endorsement.asked_seen_at is not None,
    )


def question_seen(session: Session, endorsement_ids: list[int], now: datetime) -> None:
    """Remember that 「解决了吗」 was read: only then may silence close an issue."""
    session.execute(
        update(Endorsement)
        .where(Endorsement.id.in_(endorsement_ids), Endorsement.asked_seen_at.is_(None))
        .values(asked_seen_at=now)
    )
