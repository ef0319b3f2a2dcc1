"""Which live issue a report is about."""

from __future__ import annotations

from sqlalchemy import bindparam, or_, select, text
from sqlalchemy.orm import Session

from models.issues.rules import Said, words_hash
from models.issues.tables import Issue

_LIVE = text("issues.status IN ('open', 'accepted')")
#: What an open report may join: never 匿名反映, nothing hidden, no complaint about a post.
_JOINABLE = (Issue.anonymous.is_(False), Issue.hidden.is_(False), Issue.against == "")
_NEARBY = (
    select(Issue.id)
    .where(
        _LIVE,
        *_JOINABLE,
        Issue.community_id == bindparam("community"),
        Issue.category == bindparam("category"),
        Issue.building_id == bindparam("building"),
        or_(
            Issue.unit.is_(None),
            bindparam("unit", type_=Issue.unit.type).is_(None),
            Issue.unit == bindparam("unit"),
        ),
        or_(
            Issue.room.is_(None),
            bindparam("room", type_=Issue.room.type).is_(None),
            Issue.room == bindparam("room"),
        ),
        or_(
            Issue.spot.is_(None),
            bindparam("spot", type_=Issue.spot.type).is_(None),
            Issue.spot == bindparam("spot"),
        ),
    )
    .order_by(Issue.id)
    .limit(1)
)
_SAME_SPOT = (
    select(Issue.id)
    .where(
        _LIVE,
        *_JOINABLE,
        Issue.community_id == bindparam("community"),
        Issue.category == bindparam("category"),
        Issue.building_id.is_(None),
        Issue.spot == bindparam("spot"),
        or_(
            Issue.estate_id.is_(None),
            bindparam("estate", type_=Issue.estate_id.type).is_(None),
            Issue.estate_id == bindparam("estate"),
        ),
    )
    .order_by(Issue.id)
    .limit(1)
)
_SAME_WORDS = (
    select(Issue.id)
    .where(
        _LIVE,
        *_JOINABLE,
        Issue.community_id == bindparam("community"),
        Issue.words_hash == bindparam("words"),
        or_(Issue.sensitive.is_(False), Issue.category == bindparam("category")),
        or_(
            Issue.building_id.is_(None),
            bindparam("building", type_=Issue.building_id.type).is_(None),
            Issue.building_id == bindparam("building"),
        ),
        or_(
            Issue.unit.is_(None),
            bindparam("unit", type_=Issue.unit.type).is_(None),
            Issue.unit == bindparam("unit"),
        ),
    )
    .order_by(Issue.id)
    .limit(1)
)
#: Fewer characters than this say too little to be the same thing for being the same words.
_TELLING = 8


def duplicate_of(session: Session, community_id: int, said: Said) -> Issue | None:
    """The live issue this report is about: same place and category, or the same words. 匿名反映 and reports
    against a post stand alone."""
    if said.anonymous or said.against:
        return None
    where = said.where
    if where.building_id is not None:
        values = {"community": community_id, "category": said.category, "building": where.building_id}
        spot = {"unit": where.unit, "room": where.room, "spot": where.spot}
        if found := session.scalar(_NEARBY, {**values, **spot}):
            return session.get_one(Issue, found)
    elif where.spot is not None:
        values = {"community": community_id, "category": said.category, "estate": where.estate_id}
        if found := session.scalar(_SAME_SPOT, {**values, "spot": where.spot}):
            return session.get_one(Issue, found)
    if len(said.text) < _TELLING:
        return None
    words = {
        "community": community_id,
        "words": words_hash(said.text),
        "building": where.building_id,
        "unit": where.unit,
        "category": said.category,
    }
    if (found := session.scalar(_SAME_WORDS, words)) is None:
        return None
    same = session.get_one(Issue, found)
    return None if same.room and where.room and same.room != where.room else same
