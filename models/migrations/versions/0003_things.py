"""Everything with a number is a thing; posts and kinds of deadlines are open sets.

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

LATER: dict[str, Any] = {"deferrable": True, "initially": "DEFERRED"}


def upgrade() -> None:
    """Every issue becomes a thing of the same id and number, and what pointed to issues points to things."""
    op.create_table(
        "things",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("community_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id"], ["communities.id"], name=op.f("fk_things_community_id_communities"), **LATER
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_things")),
        sa.UniqueConstraint("community_id", "number", name=op.f("uq_things_community_id_number")),
    )
    op.execute(
        "INSERT INTO things (id, community_id, number, kind) SELECT id, community_id, number, 'issue' FROM issues"
    )
    with op.batch_alter_table("issues") as table:
        table.drop_constraint(op.f("uq_issues_community_id_number"), type_="unique")
        table.drop_column("number")
        table.create_foreign_key(op.f("fk_issues_id_things"), "things", ["id"], ["id"], **LATER)
    with op.batch_alter_table("outbox") as table:
        table.drop_constraint(op.f("fk_outbox_about_issues"), type_="foreignkey")
        table.create_foreign_key(op.f("fk_outbox_about_things"), "things", ["about"], ["id"], **LATER)
    _points_to_things("waits", "ix_waits_issue", "ix_waits_thing")
    _points_to_things("notices")
    with op.batch_alter_table("deadlines") as table:
        table.drop_constraint(op.f("ck_deadlines_due"), type_="check")
        table.drop_constraint(op.f("fk_deadlines_assignment_id_assignments"), type_="foreignkey")
        table.drop_constraint(op.f("fk_deadlines_report_in_id_report_ins"), type_="foreignkey")
        table.drop_column("assignment_id")
        table.alter_column("report_in_id", new_column_name="part_id", existing_type=sa.BigInteger())
        table.alter_column("what", type_=sa.Text(), existing_type=sa.String(24), existing_nullable=False)
    _points_to_things("deadlines", "ix_deadlines_issue", "ix_deadlines_thing")
    for name, nullable in (("posts", False), ("assignments", False), ("issue_events", True)):
        with op.batch_alter_table(name) as table:
            table.drop_constraint(op.f(f"ck_{name}_role"), type_="check")
            table.alter_column(
                "role", type_=sa.Text(), existing_type=sa.String(24), existing_nullable=nullable
            )


def _points_to_things(name: str, old_index: str = "", new_index: str = "") -> None:
    if old_index:
        op.drop_index(old_index, table_name=name)
    with op.batch_alter_table(name) as table:
        table.drop_constraint(op.f(f"fk_{name}_issue_id_issues"), type_="foreignkey")
        table.alter_column("issue_id", new_column_name="thing_id", existing_type=sa.BigInteger())
    with op.batch_alter_table(name) as table:
        table.create_foreign_key(op.f(f"fk_{name}_thing_id_things"), "things", ["thing_id"], ["id"], **LATER)
        if new_index:
            table.create_index(new_index, ["thing_id"])
