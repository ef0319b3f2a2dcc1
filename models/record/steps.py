"""Continuing the community's public record."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from models.record.rules import GENESIS, entry_hash, payload_hash, stamp
from models.record.tables import LedgerHead, Notice


def continue_chain(
    session: Session,
    community_id: int,
    kind: str,
    payload: dict[str, Any],
    now: datetime,
    *,
    thing_id: int | None = None,
) -> Notice:
    """Continue the community's chain. The head row makes concurrent writers wait; UNIQUE(community, seq)
    refuses a fork."""
    head = session.get(LedgerHead, community_id, with_for_update=True)
    if head is None:
        head = LedgerHead(community_id=community_id, seq=0, hash=GENESIS)
        session.add(head)
    salt = secrets.token_hex(16)
    at = now.astimezone(UTC).replace(microsecond=0)
    committed = payload_hash(salt, payload)
    notice = Notice(
        community_id=community_id,
        seq=head.seq + 1,
        kind=kind,
        at=at,
        thing_id=thing_id,
        salt=salt,
        payload=payload,
        payload_hash=committed,
        previous=head.hash,
        hash=entry_hash(head.hash, head.seq + 1, kind, stamp(at), committed),
    )
    session.add(notice)
    session.flush()
    head.seq, head.hash = notice.seq, notice.hash
    return notice
