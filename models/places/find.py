"""Communities by name."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.places.tables import Community


def find_community(session: Session, name: str) -> Community | None:
    """The community of this name."""
    return session.scalar(select(Community).where(Community.name == name))
