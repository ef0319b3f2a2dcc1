"""Who serves where and when."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import bindparam, exists, or_, select
from sqlalchemy.orm import Session

from models.people.rules import Serving
from models.people.tables import Absence, Identity, Person, Post

_absent_now = exists().where(
    Absence.person_id == Post.person_id, Absence.since <= bindparam("now"), Absence.until > bindparam("now")
)
_SERVING = (
    select(
        Post.person_id,
        Person.key,
        Person.name,
        Post.role,
        Post.community_id,
        Post.estate_id,
        Post.building_id,
        Post.grid_id,
        Post.department,
        Post.categories,
        _absent_now.label("absent"),
        Post.deputy_for,
    )
    .join(Person, Post.person_id == Person.id)
    .where(
        or_(Post.community_id == bindparam("community"), Post.community_id.is_(None)),
        Person.retired_at.is_(None),
        or_(Post.since.is_(None), Post.since <= bindparam("now")),
        or_(Post.until.is_(None), Post.until > bindparam("now")),
    )
    .order_by(Post.id)
)


def serving(session: Session, community_id: int, now: datetime) -> list[Serving]:
    """Everybody in a post of this community now. While the principal is there, a deputy counts as absent: may
    act, is not chosen."""
    rows = session.connection().execute(_SERVING, {"community": community_id, "now": now}).all()
    return list(_everybody(tuple(rows)))


@lru_cache(maxsize=64)
def _everybody(rows: tuple[Any, ...]) -> tuple[Serving, ...]:
    """The rows as posts; kept, since the same rows come back turn after turn."""
    present = [_serving(row) for row in rows if row.deputy_for is None]
    away = {s.person_id for s in present if s.absent}
    here = {s.person_id for s in present} - away
    return (
        *present,
        *(
            _serving(row, absent=bool(row.absent) or row.deputy_for in here)
            for row in rows
            if row.deputy_for is not None
        ),
    )


def _serving(row: Any, *, absent: bool | None = None) -> Serving:
    return Serving(
        row.person_id,
        row.key,
        row.name,
        row.role,
        row.community_id,
        row.estate_id,
        row.building_id,
        row.grid_id,
        row.department,
        _set(row.categories),
        absent=bool(row.absent) if absent is None else absent,
        standing_in=row.deputy_for,
    )


def _set(words: str) -> frozenset[str]:
    return frozenset(w for w in words.split(",") if w)


def on_leave(session: Session, person_id: int, now: datetime) -> Absence | None:
    """The leave that runs now."""
    return session.scalars(
        select(Absence).where(Absence.person_id == person_id, Absence.since <= now, Absence.until > now)
    ).first()


def posts_held(session: Session, person_id: int, now: datetime) -> Sequence[Post]:
    """The posts of a person that run now or will."""
    return session.scalars(
        select(Post)
        .where(Post.person_id == person_id, or_(Post.until.is_(None), Post.until > now))
        .order_by(Post.id)
    ).all()


def communities_served(session: Session, person_id: int) -> set[int | None]:
    """The communities of a person's posts, ever; None for a post of the whole installation."""
    return set(session.scalars(select(Post.community_id).where(Post.person_id == person_id)))


def accounts_of(session: Session, people: Collection[int]) -> set[tuple[str, str]]:
    """(channel, external id) of every account of these people."""
    rows = session.execute(select(Identity.channel, Identity.external).where(Identity.person_id.in_(people)))
    return {(row[0], row[1]) for row in rows}


def ignored_accounts(session: Session) -> set[tuple[str, str]]:
    """(channel, external id) of every account that said 别听我的."""
    rows = session.execute(select(Identity.channel, Identity.external).where(Identity.ignored))
    return {(row[0], row[1]) for row in rows}
