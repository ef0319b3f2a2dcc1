"""The community's public record."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Owned, refers


class Notice(Owned, Base):
    """公示: an entry of the community's hash-chained public record.

    `hash` = SHA-256 over the previous hash, the number, the kind, the moment and `payload_hash`;
    `payload_hash` covers the salted payload, so that a payload can be erased and the chain still verifies
    (promise 13).
    """

    __tablename__ = "notices"
    __table_args__ = (UniqueConstraint("community_id", "seq"),)
    seq: Mapped[int]
    kind: Mapped[str]
    at: Mapped[datetime]
    #: What it speaks of.
    thing_id: Mapped[int | None] = mapped_column(refers("things"))
    salt: Mapped[str | None]
    payload: Mapped[dict[str, Any] | None]
    payload_hash: Mapped[str]
    previous: Mapped[str]
    hash: Mapped[str]


class LedgerHead(Base):
    """The end of a community's chain: one row, so that two writers cannot both continue it."""

    __tablename__ = "ledger_heads"
    community_id: Mapped[int] = mapped_column(refers("communities"), primary_key=True)
    seq: Mapped[int]
    hash: Mapped[str]
