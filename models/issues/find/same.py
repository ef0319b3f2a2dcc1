"""Which live issue a report is about."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, or_, select, text
from sqlalchemy.orm import Session

from models.issues.rules import Said, words_hash
from models.issues.tables import Issue

_LIVE = text("issues.status IN ('open', 'accepted')")
#: What an open report may join: never 匿名反映, nothing hidden, no complaint about a post.
_JOINABLE = (Issue.anonymous.is_(False), Issue.hidden.is_(False), Issue.against == "")


def _may_be(column: Any, name: str) -> ColumnElement[bool]:
    """The same, as far as both say."""
    asked = bindparam(name, type_=column.type)
    return or_(column.is_(None), asked.is_(None), column == asked)


def _oldest(*where: ColumnElement[bool]) -> Select[int]:
    """The first of the live ones that may be joined."""
    here = Issue.community_id == bindparam("community")
    return select(Issue.id).where(_LIVE, *_JOINABLE, here, *where).order_by(Issue.id).limit(1)


_SAME_KIND = Issue.category == bindparam("category")
_NEARBY = _oldest(
    _SAME_KIND,
    Issue.building_id == bindparam("building"),
    _may_be(Issue.unit, "unit"),
    _may_be(Issue.room, "room"),
    _may_be(Issue.spot, "spot"),
)
_SAME_SPOT = _oldest(
    _SAME_KIND,
    Issue.building_id.is_(None),
    Issue.spot == bindparam("spot"),
    _may_be(Issue.estate_id, "estate"),
)
_SAME_WORDS = _oldest(
    Issue.words_hash == bindparam("words"),
    or_(Issue.sensitive.is_(False), _SAME_KIND),
    _may_be(Issue.building_id, "building"),
    _may_be(Issue.unit, "unit"),
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
