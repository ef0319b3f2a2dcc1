"""What the public may read: communities, issues, the record. Sensitive and hidden issues are counted or
absent, never told (promises 8, 11, 12)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from typing import Any

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session

from models.deadlines import Deadline, Due
from models.directory import building_name
from models.issues import Assignment, Endorsement, Issue, IssueEvent, Photo, Status, Urgency
from models.people import Person, Role
from models.places import Building, Community, District, Estate, Street
from models.records import LedgerHead, Notice

#: What the board lists. Refused issues are a count (contract.md), withdrawn and merged ones speak for
#: themselves elsewhere.
LISTED = (Status.OPEN, Status.ACCEPTED, Status.RESOLVED, Status.CLOSED)
#: The clocks the public may watch; the rest are the bot's own reminders.
PUBLIC_CLOCKS = (Due.ACCEPT, Due.RESOLVE, Due.REPORT_IN, Due.HOLD)

#: 附议 is what others do: the first reporter has a row too, so that all are asked alike, and is not counted.
_OTHERS = func.count(case((Endorsement.first.is_(False), 1)))


def masked(name: str) -> str:
    """王小明 → 王**; nothing beyond the first letter, and no count of a long name's letters."""
    return name[:1] + "*" * max(1, min(2, len(name) - 1)) if name else ""


@dataclass(frozen=True, slots=True)
class Spot:
    """Where an issue is, as far as the public may know: never a room."""

    estate: str = ""
    building: str = ""
    unit: str = ""
    spot: str = ""
    #: The community has several estates, so the estate's name is needed.
    several: bool = False

    @property
    def label(self) -> str:
        """「3栋2单元」, with the estate before it where there are several."""
        estate = self.estate if self.several or not self.building else ""
        unit = f"{self.unit}单元" if self.building and self.unit else ""
        return f"{estate}{building_name(self.building) if self.building else ''}{unit}"


class Places:
    """The names of one community's estates and buildings."""

    def __init__(self, session: Session, community_id: int) -> None:
        self.estates: dict[int, str] = {
            e.id: e.name
            for e in session.execute(
                select(Estate.id, Estate.name).where(Estate.community_id == community_id)
            )
        }
        rows = select(Building.id, Building.name, Building.estate_id).where(
            Building.community_id == community_id
        )
        self.buildings: dict[int, tuple[str, int]] = {
            b.id: (b.name, b.estate_id) for b in session.execute(rows)
        }

    def spot(self, issue: Issue) -> Spot:
        """The public part of where the issue is."""
        building, estate_id = self.buildings.get(issue.building_id or 0, ("", issue.estate_id))
        return Spot(
            self.estates.get(estate_id or 0, ""),
            building,
            issue.unit or "",
            issue.spot or "",
            len(self.estates) > 1,
        )

    def building_ids(self, estate: str, building: str) -> list[int]:
        """The buildings a filter names; an empty estate means any."""
        return [
            id_
            for id_, (name, estate_id) in self.buildings.items()
            if name == building and estate in {"", self.estates.get(estate_id, "")}
        ]


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


def find_community(session: Session, name: str) -> Community | None:
    """The community of this name."""
    return session.scalar(select(Community).where(Community.name == name))


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
        .where(Issue.community_id == community_id, *_public(), *_chosen(places, wanted))
        .order_by(Issue.number.desc())
        .limit(limit + 1)
    )
    found = session.execute(asked).all()
    for issue, endorsements in found[:limit]:
        is_held = issue.held_until is not None and issue.status is Status.ACCEPTED
        spot = places.spot(issue)
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
        yield Issue.number < wanted.before


@dataclass(frozen=True, slots=True)
class Holder:
    """Who has it now."""

    role: Role
    department: str
    #: Masked.
    name: str


@dataclass(frozen=True, slots=True)
class Happened:
    """One line of the public history; `what` and `values` name a sentence under `history/` in
    config/texts."""

    at: datetime
    what: str
    values: dict[str, Any]
    role: Role | None
    #: Masked; empty for residents and for the clock.
    name: str
    #: The officer's own words: for the reporter and officers, never on a public page.
    detail: str


@dataclass(frozen=True, slots=True)
class Clockwork:
    """One deadline; `met` is None while it runs."""

    what: Due
    due: datetime
    met: bool | None


@dataclass(frozen=True, slots=True)
class IssueView:
    """Everything a page tells of one issue."""

    issue: Issue
    spot: Spot
    holder: Holder | None
    deadlines: list[Clockwork]
    endorsements: int
    history: list[Happened]
    ratings: int
    #: Exact; None when nobody has rated.
    mean: Fraction | None
    #: Digests of officers' photos that were looked at and cleared.
    photos: list[str]
    #: The number of the issue this one was joined to.
    joined: int | None


def issue_number(session: Session, community_id: int, number: int) -> Issue | None:
    """The issue of this number, whether or not the public may read it."""
    return session.scalar(select(Issue).where(Issue.community_id == community_id, Issue.number == number))


def is_public(issue: Issue) -> bool:
    """Whether an issue has a page of its own."""
    return not issue.sensitive and not issue.hidden


def view(session: Session, issue: Issue) -> IssueView:
    """The issue with its people masked. The caller has asked `is_public`, or shows it to its own reporter."""
    places = Places(session, issue.community_id)
    holding = select(Assignment.role, Assignment.department, Person.name).join(
        Person, Assignment.person_id == Person.id
    )
    held = session.execute(
        holding.where(Assignment.issue_id == issue.id, Assignment.ended_at.is_(None), Assignment.holder)
    ).first()
    clocks = session.scalars(
        select(Deadline)
        .where(Deadline.issue_id == issue.id, Deadline.what.in_(PUBLIC_CLOCKS))
        .order_by(Deadline.due_at, Deadline.id)
    )
    told = select(IssueEvent, Person.name).outerjoin(Person, IssueEvent.person_id == Person.id)
    history = [
        Happened(
            event.at,
            event.what,
            event.public,
            event.role,
            masked(name or "") if event.role else "",
            event.detail,
        )
        for event, name in session.execute(
            told.where(IssueEvent.issue_id == issue.id).order_by(IssueEvent.at, IssueEvent.id)
        )
    ]
    backed = select(_OTHERS, func.count(Endorsement.score), func.sum(Endorsement.score)).where(
        Endorsement.issue_id == issue.id
    )
    endorsements, ratings, total = session.execute(backed).one()
    photos = (
        select(Photo.digest)
        .where(Photo.issue_id == issue.id, Photo.by_officer, Photo.cleared_at.is_not(None))
        .order_by(Photo.at, Photo.id)
    )
    return IssueView(
        issue,
        places.spot(issue),
        Holder(held.role, held.department, masked(held.name)) if held else None,
        list(_watched(clocks)),
        endorsements,
        history,
        ratings,
        Fraction(int(total or 0), ratings) if ratings else None,
        list(session.scalars(photos)),
        session.scalar(select(Issue.number).where(Issue.id == issue.merged_into))
        if issue.merged_into
        else None,
    )


def _watched(clocks: Any) -> Iterator[Clockwork]:
    for clock in clocks:
        if clock.missed_at is not None:
            yield Clockwork(clock.what, clock.due_at, met=False)
        elif clock.settled_at is None:
            yield Clockwork(clock.what, clock.due_at, met=None)
        elif clock.met is not None:
            yield Clockwork(clock.what, clock.due_at, met=clock.met)


def photo_is_public(session: Session, digest: str) -> bool:
    """An officer's photo, looked at and cleared, of an issue the public may read."""
    found = (
        select(Photo.id)
        .join(Issue, Photo.issue_id == Issue.id)
        .where(Photo.digest == digest, Photo.by_officer, Photo.cleared_at.is_not(None), *_public())
        .limit(1)
    )
    return session.scalar(found) is not None


def notice(session: Session, community_id: int, seq: int) -> Notice | None:
    """One entry of the community's record."""
    return session.scalar(select(Notice).where(Notice.community_id == community_id, Notice.seq == seq))


def ledger_head(session: Session, community_id: int) -> LedgerHead | None:
    """The end of the community's chain."""
    return session.get(LedgerHead, community_id)


def ledger(session: Session, community_id: int, *, after: int, until: int, limit: int) -> list[Notice]:
    """A stretch of the chain in order."""
    rows = (
        select(Notice)
        .where(Notice.community_id == community_id, Notice.seq > after, Notice.seq <= until)
        .order_by(Notice.seq)
        .limit(limit)
    )
    return list(session.scalars(rows))
