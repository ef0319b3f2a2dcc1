"""Who asked not to be known, kept with the issue and with each backer.

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Sensitive issues of before count as asked for: nobody's name comes out by an upgrade."""
    with op.batch_alter_table("issues") as table:
        table.add_column(sa.Column("anonymous", sa.Boolean(), nullable=False, server_default=sa.false()))
        table.add_column(sa.Column("discreet", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("endorsements") as table:
        table.add_column(sa.Column("anonymous", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.execute("UPDATE issues SET anonymous = sensitive, discreet = sensitive")
    op.execute(
        "UPDATE endorsements SET anonymous = (SELECT sensitive FROM issues WHERE issues.id = endorsements.issue_id)"
    )
