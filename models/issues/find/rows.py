"""Issues and what belongs to them."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.issues.rules import LIVE, Status
from models.issues.tables import Endorsement, Hold, Issue, IssueEvent, Photo, ReportIn
from models.messages.rules import Delivery
from models.messages.tables import Outbox
from models.people.tables import Identity


def backed_by(
    session: Session, community_id: int, identity_id: int, statuses: Sequence[Status]
) -> list[Issue]:
    """The issues an account reported or endorsed, newest first."""
    query = (
        select(Issue)
        .join(Endorsement, Endorsement.issue_id == Issue.id)
        .where(
            Endorsement.identity_id == identity_id,
            Issue.community_id == community_id,
            Issue.status.in_(statuses),
        )
        .order_by(Issue.id.desc())
        .limit(30)
    )
    return list(session.scalars(query))


def question_delivered(session: Session, issue: Issue, silent: Collection[str]) -> bool:
    """Whether 「解决了吗」 reached anybody behind the issue: a direct message went out since on a channel
    that is not `silent`, or the follow page was opened."""
    seen = select(Endorsement.id).where(
        Endorsement.issue_id == issue.id, Endorsement.asked_seen_at >= issue.changed_at
    )
    if session.scalar(seen.limit(1)) is not None:
        return True
    accounts = (
        select(Identity.channel, Identity.external)
        .join(Endorsement, Endorsement.identity_id == Identity.id)
        .where(Endorsement.issue_id == issue.id)
    )
    asked = {
        (channel, f"dm:{external}")
        for channel, external in session.execute(accounts)
        if channel not in silent
    }
    sent = select(Outbox.channel, Outbox.address).where(
        Outbox.about == issue.id, Outbox.at >= issue.changed_at, Outbox.delivery == Delivery.SENT
    )
    return any((row.channel, row.address) in asked for row in session.execute(sent))


def backers(session: Session, issue: Issue) -> list[Endorsement]:
    """Everybody who reported or endorsed it, the first reporter first."""
    return list(
        session.scalars(
            select(Endorsement)
            .where(Endorsement.issue_id == issue.id)
            .order_by(Endorsement.first.desc(), Endorsement.id)
        )
    )


def backing_of(session: Session, issue: Issue, identity_id: int) -> Endorsement | None:
    """An account's own row behind an issue."""
    own = select(Endorsement).where(Endorsement.issue_id == issue.id, Endorsement.identity_id == identity_id)
    return session.scalars(own).first()


def endorsement_count(session: Session, issue: Issue) -> int:
    """Residents beside the first reporter."""
    return (
        session.scalar(
            select(func.count(Endorsement.id)).where(Endorsement.issue_id == issue.id, ~Endorsement.first)
        )
        or 0
    )


def photos_of(session: Session, issue: Issue) -> list[Photo]:
    """Its pictures, oldest first."""
    return list(session.scalars(select(Photo).where(Photo.issue_id == issue.id).order_by(Photo.id)))


def open_hold(session: Session, issue: Issue) -> Hold | None:
    """The request for 挂账 that waits for an answer."""
    return session.scalars(select(Hold).where(Hold.issue_id == issue.id, Hold.decided_at.is_(None))).first()


def holds_for(session: Session, approver_id: int) -> list[Hold]:
    """The requests for 挂账 that wait for this person."""
    return list(
        session.scalars(select(Hold).where(Hold.approver_id == approver_id, Hold.decided_at.is_(None)))
    )


def report_ins(session: Session, issue: Issue) -> list[ReportIn]:
    """The departments ever called to it, the latest first."""
    return list(
        session.scalars(select(ReportIn).where(ReportIn.issue_id == issue.id).order_by(ReportIn.id.desc()))
    )


def joined_reports(session: Session, identity_id: int) -> list[tuple[Endorsement, Issue]]:
    """An account's own reports that joined a live issue of somebody else, the latest first."""
    query = (
        select(Endorsement, Issue)
        .join(Issue, Endorsement.issue_id == Issue.id)
        .where(
            Endorsement.identity_id == identity_id,
            ~Endorsement.first,
            Endorsement.text.is_not(None),
            Issue.status.in_(LIVE),
        )
        .order_by(Endorsement.id.desc())
    )
    return [(row[0], row[1]) for row in session.execute(query)]


def backings_by_message(session: Session, identity_id: int, message_id: str) -> list[Endorsement]:
    """What one message of an account reported: several things at most."""
    query = select(Endorsement).where(
        Endorsement.identity_id == identity_id, Endorsement.message_id == message_id
    )
    return list(session.scalars(query))


def history(session: Session, issue: Issue) -> list[IssueEvent]:
    """What happened, in order."""
    return list(
        session.scalars(select(IssueEvent).where(IssueEvent.issue_id == issue.id).order_by(IssueEvent.id))
    )
