"""Sign-ups: the lists residents pass around.

Revision ID: 0004
Revises: 0003
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

LATER: dict[str, Any] = {"deferrable": True, "initially": "DEFERRED"}


def _refers(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}_{target}")
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=name, **LATER)


def upgrade() -> None:
    """Two new tables."""
    op.create_table(
        "signups",
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "open",
                "closed",
                "withdrawn",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("chat_id", sa.BigInteger(), nullable=False),
        sa.Column("estate_id", sa.BigInteger(), nullable=True),
        sa.Column("building_id", sa.BigInteger(), nullable=True),
        sa.Column("opener_id", sa.BigInteger(), nullable=True),
        sa.Column("hidden", sa.Boolean(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("community_id", sa.BigInteger(), nullable=False),
        _refers("signups", "chat_id", "chats"),
        _refers("signups", "estate_id", "estates"),
        _refers("signups", "building_id", "buildings"),
        _refers("signups", "opener_id", "identities"),
        _refers("signups", "id", "things"),
        _refers("signups", "community_id", "communities"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signups")),
    )
    op.create_index("ix_signups_chat", "signups", ["chat_id"])
    op.create_index("ix_signups_opener", "signups", ["opener_id"])
    op.create_table(
        "signup_entries",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("community_id", sa.BigInteger(), nullable=False),
        sa.Column("signup_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("was", sa.JSON(), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=True),
        sa.Column("message_id", sa.Text(), nullable=True),
        sa.Column("shown", sa.Boolean(), nullable=False),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        _refers("signup_entries", "community_id", "communities"),
        _refers("signup_entries", "signup_id", "signups"),
        _refers("signup_entries", "owner_id", "identities"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signup_entries")),
    )
    op.create_index("ix_signup_entries_signup", "signup_entries", ["signup_id"])
    op.create_index("ix_signup_entries_owner", "signup_entries", ["owner_id"])
