"""Issues and what belongs to them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.issues.rules import Status
from models.issues.tables import Endorsement, Issue, IssueEvent
from models.messages.rules import Delivery
from models.messages.tables import Outbox
from models.people.tables import Identity
from models.things.rules import Due
from models.things.tables import Deadline

#: The channel of the gate page: nobody is told anything there until they open their page.
GATE = "gate"


def by_number(session: Session, community_id: int, number: int) -> Issue | None:
    """The issue with this number of this community."""
    return session.scalars(
        select(Issue).where(Issue.community_id == community_id, Issue.number == number)
    ).first()


def quoted_issue(session: Session, channel: str, address: str, receipt: str) -> Issue | None:
    """The issue that a delivered message of the bot spoke of."""
    about = (
        select(Outbox.about)
        .where(Outbox.channel == channel, Outbox.address == address, Outbox.receipt == receipt)
        .scalar_subquery()
    )
    return session.scalars(select(Issue).where(Issue.id == about)).first()


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


def question_delivered(session: Session, issue: Issue) -> bool:
    """Whether 「解决了吗」 reached anybody behind the issue: a direct message went out since, or the follow
    page was opened."""
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
        (channel, f"dm:{external}") for channel, external in session.execute(accounts) if channel != GATE
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


def endorsement_count(session: Session, issue: Issue) -> int:
    """Residents beside the first reporter."""
    return (
        session.scalar(
            select(func.count(Endorsement.id)).where(Endorsement.issue_id == issue.id, ~Endorsement.first)
        )
        or 0
    )


def running(session: Session, issue: Issue, *whats: Due) -> list[Deadline]:
    """The clocks that still run for an issue, all or of some kinds."""
    query = select(Deadline).where(Deadline.issue_id == issue.id, Deadline.settled_at.is_(None))
    return list(session.scalars(query.where(Deadline.what.in_(whats)) if whats else query))


def history(session: Session, issue: Issue) -> list[IssueEvent]:
    """What happened, in order."""
    return list(
        session.scalars(select(IssueEvent).where(IssueEvent.issue_id == issue.id).order_by(IssueEvent.id))
    )
