"""Claiming, delivering and giving up outgoing messages: the statements of the outbox worker.

Every moment here is wall time. The order within a chat is the order of ids, and ids rise with time.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from models.base import changed, new_id
from models.messages.rules import Claimed, Delivery
from models.messages.tables import Outbox, Wait
from models.people.tables import Identity


def claim(session: Session, ids: Sequence[int], now: datetime, lease: timedelta) -> list[Claimed]:
    """Lease those of `ids` that nobody else holds: a conditional UPDATE each, its row count says who won."""
    won = []
    for row_id in ids:
        result = session.connection().execute(
            update(Outbox)
            .where(
                Outbox.id == row_id,
                Outbox.delivery == Delivery.PENDING,
                Outbox.due_at <= now,
                or_(Outbox.leased_until.is_(None), Outbox.leased_until < now),
            )
            .values(leased_until=now + lease, attempts=Outbox.attempts + 1)
        )
        if result.rowcount == 1:
            won.append(row_id)
    columns = select(
        Outbox.id, Outbox.channel, Outbox.address, Outbox.body, Outbox.attempts, Outbox.last_error
    )
    return (
        [Claimed(*row) for row in session.execute(columns.where(Outbox.id.in_(won)).order_by(Outbox.id))]
        if won
        else []
    )


def delivered(session: Session, row: Claimed, receipt: str | None, now: datetime) -> None:
    """It is with the platform, whoever holds the lease by now."""
    session.connection().execute(
        update(Outbox)
        .where(Outbox.id == row.id, Outbox.delivery.in_((Delivery.PENDING, Delivery.GIVEN_UP)))
        .values(delivery=Delivery.SENT, receipt=receipt, sent_at=now, leased_until=None, last_error="")
    )


def postpone(session: Session, row: Claimed, due_at: datetime, error: str) -> None:
    """Try again at `due_at`, unless another worker took it over."""
    session.connection().execute(_mine(row).values(due_at=due_at, leased_until=None, last_error=error))


def give_up(session: Session, row: Claimed, error: str) -> bool:
    """Stop trying, unless another worker took it over; whether this call did it."""
    values = {"delivery": Delivery.GIVEN_UP, "leased_until": None, "last_error": error}
    return changed(session, _mine(row).values(values)) == 1


def _mine(row: Claimed) -> Any:
    return update(Outbox).where(
        Outbox.id == row.id, Outbox.delivery == Delivery.PENDING, Outbox.attempts == row.attempts
    )


def begin_wait(
    session: Session,
    found: Wait | None,
    identity: Identity,
    address: str,
    step: str,
    *,
    now: datetime,
    until: datetime,
    thing_id: int | None,
    data: dict[str, Any],
) -> Wait:
    """A conversation waits for this now; what it waited for before (`found`) is replaced, unless it holds a
    draft: that goes on as it is, at once, so that the next question loses nothing."""
    if found is not None and found.holds_draft:
        found.address, found.until = f"{found.address}#{found.id}", now
        session.flush()
        found = None
    if found is None:
        found = Wait(
            id=new_id(),
            identity_id=identity.id,
            channel=identity.channel,
            sender=identity.external,
            address=address,
        )
        session.add(found)
    found.step, found.thing_id, found.data, found.until = step, thing_id, data, until
    return found


def keep_photos(wait: Wait, digests: Sequence[str]) -> None:
    """More pictures for the draft that is kept."""
    wait.data = {**wait.data, "photos": [*wait.data.get("photos", ()), *digests]}


def end_wait(session: Session, wait: Wait) -> None:
    """It waits no longer."""
    session.delete(wait)


def claim_wait(session: Session, wait_id: int, now: datetime) -> Wait | None:
    """Claim and end a question that nobody answered in time; None when another process did, or somebody
    answered."""
    wait = session.get(Wait, wait_id)
    mine = delete(Wait).where(Wait.id == wait_id, Wait.until <= now)
    if wait is None or not changed(session, mine):
        return None
    session.expunge(wait)
    return wait


def release(
    session: Session, row_id: int, *, wall: datetime, at: datetime, receipt: str | None
) -> Outbox | None:
    """A message that waited for the morning may go now: to the channel's worker, or with a `receipt` as
    delivered; None when it went already."""
    delivery = Delivery.PENDING if receipt is None else Delivery.SENT
    mine = update(Outbox).where(Outbox.id == row_id, Outbox.delivery == Delivery.QUIET)
    sent_at = None if receipt is None else wall
    mine = mine.values(delivery=delivery, due_at=wall, at=at, sent_at=sent_at, receipt=receipt)
    if not changed(session, mine):
        return None
    return session.get_one(Outbox, row_id, populate_existing=True)


def blank(session: Session, thing_id: int, words: str | None, instead: str) -> None:
    """Take a recalled message's words and pictures out of what was said about a thing."""
    session.flush()
    for row in session.scalars(select(Outbox).where(Outbox.about == thing_id)):
        text = row.body["text"].replace(words, instead) if words else row.body["text"]
        row.body = {**row.body, "text": text, "images": []}
