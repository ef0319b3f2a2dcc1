"""The public board: counts and lists. Sensitive and hidden issues are counted or absent, never told (promises 8, 11, 12)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session, contains_eager

from models.issues.rules import Status, Urgency
from models.issues.tables import Endorsement, Issue
from models.places.public import Places, Spot
from models.places.tables import Community, District, Street
from models.things.tables import Thing

#: What the board lists. Refused issues are a count (contract.md), withdrawn and merged ones speak for
#: themselves elsewhere.
LISTED = (Status.OPEN, Status.ACCEPTED, Status.RESOLVED, Status.CLOSED)
#: 附议 is what others do: the first reporter has a row too, so that all are asked alike, and is not counted.
_OTHERS = func.count(case((Endorsement.first.is_(False), 1)))


@dataclass(frozen=True, slots=True)
class CommunityLine:
    """A community in the list of all."""

    name: str
    street: str
    district: str
    live: int
    closed: int


def communities(session: Session) -> list[CommunityLine]:
    """All communities with how many issues are being worked on and how many are closed."""
    counts: dict[int, Counter[Status]] = {}
    rows = (
        select(Issue.community_id, Issue.status, func.count())
        .where(*_public())
        .group_by(Issue.community_id, Issue.status)
    )
    for community_id, status, n in session.execute(rows):
        counts.setdefault(community_id, Counter())[status] = n
    found = (
        select(Community.id, Community.name, Street.name.label("street"), District.name.label("district"))
        .join(Street, Community.street_id == Street.id)
        .join(District, Street.district_id == District.id)
        .order_by(District.name, Street.name, Community.name)
    )
    lines = []
    for row in session.execute(found):
        own = counts.get(row.id, Counter())
        live = own[Status.OPEN] + own[Status.ACCEPTED] + own[Status.RESOLVED]
        lines.append(CommunityLine(row.name, row.street, row.district, live, own[Status.CLOSED]))
    return lines


@dataclass(frozen=True, slots=True)
class Filter:
    """What part of the board is asked for; empty fields ask for all."""

    status: str = ""
    category: str = ""
    estate: str = ""
    building: str = ""
    #: Issues with smaller numbers only: the next page.
    before: int | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """An issue in a list."""

    number: int
    status: Status
    held: bool
    category: str
    urgency: Urgency
    spot: Spot
    opened_at: datetime
    endorsements: int


@dataclass(slots=True)
class Board:
    """One page of a community's board, and the counts above it."""

    lines: list[Line] = field(default_factory=list)
    #: The number to pass as `before` for the next page, None on the last.
    more: int | None = None
    #: By state; `held` (挂账) stands apart from `accepted`.
    counts: Counter[str] = field(default_factory=Counter)
    refused: int = 0
    #: Sensitive issues: a count, never a line.
    sensitive: int = 0
    categories: Counter[str] = field(default_factory=Counter)
    #: (estate, building) → count.
    buildings: Counter[tuple[str, str]] = field(default_factory=Counter)
    several_estates: bool = False


def _public() -> tuple[ColumnElement[bool], ...]:
    return Issue.sensitive.is_(False), Issue.hidden.is_(False)


def board(session: Session, community_id: int, wanted: Filter, *, limit: int) -> Board:
    """The board as filtered, newest first."""
    places = Places(session, community_id)
    page = Board(several_estates=len(places.estates) > 1)
    # In the order of an index on the same columns, so that the rows are counted as they come.
    kind = (Issue.sensitive, Issue.status, Issue.category, Issue.building_id)
    kinds = (
        select(*kind, func.count().label("n"), func.count(Issue.held_until).label("held"))
        .where(Issue.community_id == community_id, Issue.hidden.is_(False))
        .group_by(*kind)
    )
    for row in session.execute(kinds):
        if row.sensitive:
            page.sensitive += row.n if row.status not in {Status.WITHDRAWN, Status.MERGED} else 0
        elif row.status is Status.REFUSED:
            page.refused += row.n
        elif row.status in LISTED:
            held = row.held if row.status is Status.ACCEPTED else 0
            page.counts["held"] += held
            page.counts[row.status.value] += row.n - held
            page.categories[row.category] += row.n
            if row.building_id in places.buildings:
                name, estate_id = places.buildings[row.building_id]
                page.buildings[places.estates[estate_id], name] += row.n
    asked = (
        select(Issue, select(_OTHERS).where(Endorsement.issue_id == Issue.id).scalar_subquery())
        .join(Issue.thing)
        .where(Thing.community_id == community_id, *_public(), *_chosen(places, wanted))
        .options(contains_eager(Issue.thing))
        .order_by(Thing.number.desc())
        .limit(limit + 1)
    )
    found = session.execute(asked).all()
    for issue, endorsements in found[:limit]:
        is_held = issue.held_until is not None and issue.status is Status.ACCEPTED
        spot = places.spot(issue.estate_id, issue.building_id, issue.unit, issue.spot)
        page.lines.append(
            Line(
                issue.number,
                issue.status,
                is_held,
                issue.category,
                issue.urgency,
                spot,
                issue.opened_at,
                endorsements,
            )
        )
    if len(found) > limit:
        page.more = page.lines[-1].number
    return page


def _chosen(places: Places, wanted: Filter) -> Iterator[ColumnElement[bool]]:
    if wanted.status == "held":
        yield Issue.status == Status.ACCEPTED
        yield Issue.held_until.is_not(None)
    elif wanted.status in set(LISTED):
        yield Issue.status == Status(wanted.status)
        if wanted.status == Status.ACCEPTED:
            yield Issue.held_until.is_(None)
    else:
        yield Issue.status.in_(LISTED)
    if wanted.category:
        yield Issue.category == wanted.category
    if wanted.building:
        yield Issue.building_id.in_(places.building_ids(wanted.estate, wanted.building))
    if wanted.before is not None:
        yield Thing.number < wanted.before
