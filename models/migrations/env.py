"""Alembic's entry: runs on the connection that bot/storage/migrate.py hands over."""

from typing import Any, Literal

from alembic import context

from models.base import Base, Moment


def rendered(kind: str, thing: Any, _context: Any) -> str | Literal[False]:
    """Migrations name plain types, so that they stand when the models move on."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(thing, Moment) else False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    compare_type=True,
    render_item=rendered,
)
with context.begin_transaction():
    context.run_migrations()
