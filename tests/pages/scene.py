"""A small community in a database of its own, the pages on a free port, and a hub that writes down what it is
told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy.orm import Session

from bot.storage import Database, open_database, parse_url, sync_engine
from bot.storage.keys import Tokens
from bot.turns.clock import Clock
from bot.turns.message import Inbound, Sent
from bot.turns.texts import Texts
from config.settings import Settings
from handlers import chat
from handlers.pages import Site, environment, mount
from handlers.pages.limits import Limits
from models.base import Base, new_id
from models.issues.rules import ISSUE, Due, Status, Urgency
from models.issues.tables import Assignment, Endorsement, Issue, IssueEvent, Photo
from models.people.find.directory import Directory
from models.people.rules import Relation, Role
from models.people.tables import Identity, Person, Post
from models.places.tables import Building, Community, District, Estate, Grid, Household, Street
from models.record.steps import continue_chain
from models.things.tables import Deadline, Thing

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
COMMUNITY, ESTATE = "金康社区", "金康园小区"
PHONE = "13812345678"
#: What must never be on a public page (promises 8, 11, 12).
SECRETS = (
    PHONE,
    "李迎新",
    "王小明",
    "502",
    "我家老人被困在电梯里",
    "邻居打孩子",
    "看过了，是皮带断了",
    "难听话",
)
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{ 7*7 }}"


class ToldHub:
    """Writes down what arrives, and does what the test wants done."""

    def __init__(self) -> None:
        self.got: list[Inbound] = []
        self.database: Database
        self.clock: Clock
        self.directory: Directory
        #: Told to open an issue for a report at the gate, or to hear chatter.
        self.understands = True

    async def receive(self, inbound: Inbound) -> list[Sent]:
        seen = any(one.message_id == inbound.message_id for one in self.got)
        self.got.append(inbound)
        if self.understands and not seen and inbound.channel == "gate":
            await self.database.turn(lambda session: self._report(session, inbound))
        return []

    async def refresh_if_stale(self) -> bool:
        """Its roster never changes."""
        return False

    def _report(self, session: Session, inbound: Inbound) -> None:
        if session.query(Identity).filter_by(channel="gate", external=inbound.sender).first():
            return
        community = session.query(Community).filter_by(name=COMMUNITY).one()
        building = session.query(Building).filter_by(name="3").one()
        who = Identity(channel="gate", external=inbound.sender, seen_at=self.clock.now())
        session.add(who)
        session.flush()
        number = session.query(Issue).count() + 101
        issue = make_issue(community.id, building, number, text=inbound.text, reporter_id=who.id)
        session.add(issue)
        session.flush()
        session.add(
            Endorsement(
                community_id=community.id,
                issue_id=issue.id,
                identity_id=who.id,
                first=True,
                at=NOW,
                text=inbound.text,
            )
        )


def make_issue(community_id: int, building: Building | None, number: int, **changes: object) -> Issue:
    """An issue like any other."""
    values: dict[str, object] = {
        "id": new_id(),
        "community_id": community_id,
        "status": Status.OPEN,
        "category": "elevator",
        "urgency": Urgency.ORDINARY,
        "level": 1,
        "sensitive": False,
        "hidden": False,
        "estate_id": building.estate_id if building else None,
        "building_id": building.id if building else None,
        "unit": "2",
        "room": "502",
        "spot": "电梯",
        "text": "我家老人被困在电梯里",
        "words_hash": f"hash{number}",
        "why": ["电梯"],
        "against": "",
        "opened_at": NOW - timedelta(hours=number % 50),
        "changed_at": NOW,
    }
    thing = Thing(id=values["id"], community_id=community_id, number=number, kind=ISSUE)
    return Issue(thing=thing, **(values | changes))


@dataclass(slots=True)
class Scene:
    """Everything a test may look at."""

    client: TestClient[web.Request, web.Application]
    site: Site
    hub: ToldHub
    database: Database
    home: Path
    limits: Limits
    ids: dict[str, int] = field(default_factory=dict)


def furnish(session: Session) -> dict[str, int]:
    """The community, its people, and one issue of each kind."""
    ids: dict[str, int] = {}
    district = District(name="五华区")
    session.add(district)
    session.flush()
    street = Street(district_id=district.id, name="龙翔街道")
    session.add(street)
    session.flush()
    community = Community(street_id=street.id, name=COMMUNITY)
    session.add(community)
    session.flush()
    estate, grid = (
        Estate(community_id=community.id, name=ESTATE),
        Grid(community_id=community.id, name="第一网格"),
    )
    session.add_all([estate, grid])
    session.flush()
    buildings = {
        name: Building(community_id=community.id, estate_id=estate.id, grid_id=grid.id, name=name)
        for name in ("1", "2", "3", "12")
    }
    session.add_all(buildings.values())
    session.flush()
    home = Household(
        community_id=community.id,
        building_id=buildings["3"].id,
        unit="2",
        room="502",
        area=8950,
        owners="李迎新",
    )
    session.add(home)
    session.flush()
    resident = Person(
        key="R0001",
        name="李迎新",
        phone=PHONE,
        community_id=community.id,
        household_id=home.id,
        relation=Relation.OWNER,
    )
    captain = Person(key="C0003", name="王小明", phone=PHONE, community_id=community.id)
    session.add_all([resident, captain])
    session.flush()
    session.add(
        Post(
            person_id=captain.id,
            role=Role.CAPTAIN,
            community_id=community.id,
            estate_id=estate.id,
            building_id=buildings["3"].id,
        )
    )
    reporter = Identity(channel="gate", external="known-token-0001", person_id=None, seen_at=NOW)
    session.add(reporter)
    session.flush()

    accepted = make_issue(
        community.id,
        buildings["3"],
        17,
        status=Status.ACCEPTED,
        urgency=Urgency.EMERGENCY,
        reporter_id=reporter.id,
    )
    session.add(accepted)
    session.flush()
    ids["accepted"] = accepted.id
    assignment = Assignment(
        community_id=community.id,
        issue_id=accepted.id,
        person_id=captain.id,
        role=Role.CAPTAIN,
        given_at=NOW,
        accepted_at=NOW,
        why={"key": "captain"},
    )
    session.add(assignment)
    session.add(
        Endorsement(
            community_id=community.id,
            issue_id=accepted.id,
            identity_id=reporter.id,
            first=True,
            at=NOW,
            text="我家老人被困在电梯里",
            score=None,
        )
    )
    session.add(
        IssueEvent(
            community_id=community.id,
            issue_id=accepted.id,
            at=NOW - timedelta(hours=1),
            what="unknown_to_texts",
            public={},
            detail="",
        )
    )
    event = IssueEvent(
        community_id=community.id,
        issue_id=accepted.id,
        at=NOW,
        what="unknown_too",
        role=Role.CAPTAIN,
        person_id=captain.id,
        detail="看过了，是皮带断了",
    )
    session.add(event)
    for what, met, missed in ((Due.ACCEPT, True, None), (Due.RESOLVE, None, NOW), (Due.CONFIRM, None, None)):
        session.add(
            Deadline(
                community_id=community.id,
                thing_id=accepted.id,
                what=what,
                due_at=NOW + timedelta(hours=2),
                missed_at=missed,
                settled_at=NOW if met is not None else None,
                met=met,
            )
        )
    session.add(
        Photo(
            community_id=community.id,
            issue_id=accepted.id,
            digest="a" * 64,
            identity_id=reporter.id,
            by_officer=False,
            at=NOW,
        )
    )
    session.add(
        Photo(community_id=community.id, issue_id=accepted.id, digest="b" * 64, by_officer=True, at=NOW)
    )
    session.add(
        Photo(
            community_id=community.id,
            issue_id=accepted.id,
            digest="c" * 64,
            by_officer=True,
            at=NOW,
            cleared_at=NOW,
        )
    )
    closed = make_issue(
        community.id,
        buildings["12"],
        18,
        status=Status.CLOSED,
        category="sanitation",
        spot="楼道",
        reporter_id=reporter.id,
    )
    session.add_all(
        [
            closed,
            make_issue(
                community.id, None, 19, sensitive=True, category="neighbour_dispute", text="邻居打孩子"
            ),
            make_issue(community.id, buildings["1"], 20, hidden=True, text="难听话"),
            make_issue(community.id, buildings["1"], 21, status=Status.REFUSED),
            make_issue(community.id, buildings["1"], 22, status=Status.WITHDRAWN),
            make_issue(
                community.id, buildings["1"], 23, status=Status.ACCEPTED, held_until=NOW + timedelta(days=9)
            ),
            make_issue(community.id, buildings["2"], 24, spot=HOSTILE, unit="1"),
        ]
    )
    session.flush()
    for score in (4, 5):
        other = Identity(channel="sandbox", external=f"rater{score}", seen_at=NOW)
        session.add(other)
        session.flush()
        session.add(
            Endorsement(
                community_id=community.id,
                issue_id=closed.id,
                identity_id=other.id,
                first=False,
                at=NOW,
                score=score,
            )
        )
    for _ in range(3):
        continue_chain(
            session, community.id, "issue", {"number": 18, "title": HOSTILE}, NOW, thing_id=closed.id
        )
    for n in range(45):
        session.add(
            make_issue(community.id, buildings["2"], 200 + n, category="parking_traffic", spot="", unit="")
        )
    session.commit()
    return ids


@asynccontextmanager
async def scene(home: Path, **settings_: object) -> AsyncIterator[Scene]:
    """The pages over the furnished database."""
    settings = Settings(home=home, **settings_)  # type: ignore[arg-type]
    engine = sync_engine(parse_url(settings.database_url))
    with Session(engine) as session:
        Base.metadata.create_all(session.connection())
        session.commit()
        ids = furnish(session)
    engine.dispose()
    clock = Clock()
    clock.offset = NOW - clock.wall()
    hub = ToldHub()
    database = open_database(settings.database_url)
    hub.database, hub.clock = database, clock
    await database.start()
    limits = Limits.default(lambda: 0.0)
    app = web.Application(client_max_size=130 * 1024 * 1024)
    texts, kinds = Texts(), chat.router().kinds
    keys = Tokens(b"k" * 32)
    site = Site(database, settings, texts, clock, hub, keys, kinds, environment(texts), limits)
    mount(app, site)
    try:
        async with TestClient(TestServer(app)) as client:
            yield Scene(client, site, hub, database, home, limits, ids)
    finally:
        await database.stop()
