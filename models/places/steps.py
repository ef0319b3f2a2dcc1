"""Running numbers: each community has its own of every series."""

from __future__ import annotations

from sqlalchemy import bindparam, update
from sqlalchemy.orm import Session

from models.places.tables import Counter

_RAISE = (
    update(Counter)
    .where(Counter.community_id == bindparam("c"), Counter.series == bindparam("s"))
    .values(value=Counter.value + 1)
    .returning(Counter.value)
)


def next_number(session: Session, community_id: int, series: str) -> int:
    """The next number; the counter's row makes concurrent turns wait for one another."""
    value = session.connection().execute(_RAISE, {"c": community_id, "s": series}).scalar()
    if value is not None:
        return int(value)
    session.add(Counter(community_id=community_id, series=series, value=1))
    session.flush()
    return 1
