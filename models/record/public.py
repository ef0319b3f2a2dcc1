"""The record as anyone may read it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.record.rules import exported
from models.record.tables import LedgerHead, Notice


def chain(session: Session, community_id: int) -> list[dict[str, Any]]:
    """The whole record of a community, oldest first."""
    return [
        exported(n)
        for n in session.scalars(
            select(Notice).where(Notice.community_id == community_id).order_by(Notice.seq)
        )
    ]


def notice(session: Session, community_id: int, seq: int) -> Notice | None:
    """One entry of the community's record."""
    return session.scalar(select(Notice).where(Notice.community_id == community_id, Notice.seq == seq))


def ledger_head(session: Session, community_id: int) -> LedgerHead | None:
    """The end of the community's chain."""
    return session.get(LedgerHead, community_id)


def ledger(session: Session, community_id: int, *, after: int, until: int, limit: int) -> list[Notice]:
    """A stretch of the chain in order."""
    rows = (
        select(Notice)
        .where(Notice.community_id == community_id, Notice.seq > after, Notice.seq <= until)
        .order_by(Notice.seq)
        .limit(limit)
    )
    return list(session.scalars(rows))
