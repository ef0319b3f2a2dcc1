"""What waits to be sent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import Select, bindparam, func, select
from sqlalchemy.orm import Session

from models.messages.rules import Delivery, Head, failing_since
from models.messages.tables import Outbox, Wait


def heads() -> Select[int, str, str, datetime, datetime | None]:
    """The oldest pending message of each chat, oldest first."""
    oldest = (
        select(func.min(Outbox.id))
        .where(Outbox.delivery == Delivery.PENDING)
        .group_by(Outbox.channel, Outbox.address)
    )
    return (
        select(Outbox.id, Outbox.channel, Outbox.address, Outbox.due_at, Outbox.leased_until)
        .where(Outbox.id.in_(oldest))
        .order_by(Outbox.id)
    )


def read_heads(session: Session) -> list[Head]:
    """`heads`, read."""
    return [Head(r.id, r.channel, r.address, r.due_at, r.leased_until) for r in session.execute(heads())]


def waiting_since(session: Session) -> datetime | None:
    """Since when the longest-waiting pending message should have been delivered; None when nothing waits."""
    pending = Outbox.delivery == Delivery.PENDING
    untried = session.scalar(select(func.min(Outbox.due_at)).where(pending, Outbox.last_error == ""))
    failed = session.scalar(select(func.min(Outbox.last_error)).where(pending, Outbox.last_error != ""))
    found = [
        moment
        for moment in (untried, failing_since(failed, datetime.max.replace(tzinfo=UTC)) if failed else None)
        if moment is not None
    ]
    return min(found, default=None)


def spoke_of(session: Session, channel: str, address: str, receipt: str) -> int | None:
    """The id of the thing that a delivered message of the bot spoke of."""
    return session.scalar(
        select(Outbox.about).where(
            Outbox.channel == channel, Outbox.address == address, Outbox.receipt == receipt
        )
    )


def last_spoken(session: Session, channel: str, address: str) -> list[tuple[int, int | None]]:
    """(community, thing) of what the bot said in a chat, the latest first."""
    spoken = select(Outbox.community_id, Outbox.about).where(
        Outbox.channel == channel, Outbox.address == address, Outbox.community_id.is_not(None)
    )
    rows = session.execute(spoken.order_by(Outbox.id.desc()).limit(50))
    return [(row[0], row[1]) for row in rows if row[0] is not None]


def held_until(session: Session, moment: datetime, limit: int) -> Sequence[Outbox]:
    """Messages that waited for the morning and may go by `moment`, the earliest first."""
    held = select(Outbox).where(Outbox.delivery == Delivery.QUIET, Outbox.not_before <= moment)
    return session.scalars(held.order_by(Outbox.not_before, Outbox.id).limit(limit)).all()


def waits_until(session: Session, moment: datetime, limit: int) -> Sequence[Wait]:
    """Questions that nobody answered by `moment`, the earliest first."""
    return session.scalars(select(Wait).where(Wait.until <= moment).order_by(Wait.until).limit(limit)).all()


_WAIT = select(Wait).where(Wait.identity_id == bindparam("identity"), Wait.address == bindparam("address"))


def wait_of(session: Session, identity_id: int, address: str) -> Wait | None:
    """What one account's conversation in one chat waits for."""
    return session.scalars(_WAIT, {"identity": identity_id, "address": address}).first()


def all_waits(session: Session) -> list[tuple[tuple[str, str, str], datetime]]:
    """(conversation, until when) of everything that is waited for."""
    return [((w.channel, w.address, w.sender), w.until) for w in session.scalars(select(Wait))]
