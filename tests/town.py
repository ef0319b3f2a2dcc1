"""A small made-up community and the whole bot on it, with a real SQLite file and a clock that only moves when
told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy.orm import Session

from bot.app import Yishiting, build
from bot.storage.migrate import upgrade
from bot.turns.clock import Clock
from config.settings import Settings
from models.people.rules import Relation, Role
from models.people.steps import raise_revision
from models.people.tables import Chat, Person, Post
from models.places.tables import Building, Community, District, Estate, Grid, Household, Street

#: Monday 23 November 2026, 10:00 in China.
START = datetime(2026, 11, 23, 2, tzinfo=UTC)

#: key, name, role, and what the post is bound to.
OFFICERS: tuple[tuple[str, str, str, dict[str, object]], ...] = (
    ("c1", "陈大明", Role.CAPTAIN, {"building_id": 1}),
    ("c2", "周秀英", Role.CAPTAIN, {"building_id": 2}),
    ("c3", "王建国", Role.CAPTAIN, {"building_id": 3}),
    ("c3b", "刘芳芳", Role.CAPTAIN, {"building_id": 3, "deputy_for": "c3"}),
    ("c4a", "赵一", Role.CAPTAIN, {"building_id": 4}),
    ("c4b", "钱二", Role.CAPTAIN, {"building_id": 4}),
    ("g1", "孙网格", Role.GRID_MEMBER, {"grid_id": 1}),
    ("g2", "李网格", Role.GRID_MEMBER, {"grid_id": 2}),
    ("sec", "杨书记", Role.SECRETARY, {}),
    ("street", "何主任", Role.STREET_OFFICER, {}),
    ("prop", "物业小张", Role.PROPERTY_OFFICER, {"estate_id": 1}),
    ("dept-a", "城管老吴", Role.DEPARTMENT_OFFICER, {"department": "城管中队", "community_id": None}),
    ("dept-b", "消防小郑", Role.DEPARTMENT_OFFICER, {"department": "消防大队", "community_id": None}),
)


class StillClock(Clock):
    """Business time stands still until it is moved."""

    def __init__(self, at: datetime = START) -> None:
        super().__init__()
        self.at = at

    def now(self) -> datetime:
        """Where the test put it."""
        return self.at

    def stand_at(self, moment: datetime) -> None:
        """Forward only, as the real clock."""
        self.at = max(self.at, moment)


def people(session: Session) -> None:
    """One community, one estate, two grids, five buildings of two units, four flats each, and somebody in
    most of them."""
    session.add_all(
        [
            District(id=1, name="五华区"),
            Street(id=1, district_id=1, name="护国街道"),
            Community(id=1, street_id=1, name="金康园社区"),
        ]
    )
    session.add_all(
        [
            Estate(id=1, community_id=1, name="金康园小区"),
            Grid(id=1, community_id=1, name="第一网格"),
            Grid(id=2, community_id=1, name="第二网格"),
        ]
    )
    home = 0
    for number in range(1, 6):
        session.add(
            Building(
                id=number, community_id=1, estate_id=1, grid_id=1 if number <= 3 else 2, name=str(number)
            )
        )
        for unit in ("1", "2"):
            for room in ("101", "501"):
                home += 1
                session.add(
                    Household(
                        id=home,
                        community_id=1,
                        building_id=number,
                        unit=unit,
                        room=room,
                        area=8950,
                        owners=f"业主{home}",
                    )
                )
        session.add(
            Person(
                id=100 + number,
                key=f"r{number}",
                name=f"居民{number}",
                community_id=1,
                household_id=home,
                relation=Relation.OWNER,
            )
        )
    session.add(
        Person(id=110, key="r3x", name="李迎春", community_id=1, household_id=9, relation=Relation.TENANT)
    )
    ids = {key: 200 + place for place, (key, *_rest) in enumerate(OFFICERS)}
    for key, name, role, bound in OFFICERS:
        session.add(Person(id=ids[key], key=key, name=name, phone="13800001234", community_id=1))
        where = {"community_id": 1, **bound}
        if "deputy_for" in where:
            where["deputy_for"] = ids[str(where["deputy_for"])]
        session.add(Post(id=ids[key], person_id=ids[key], role=role, **where))
    session.add(Chat(id=1, channel="sandbox", key="g", name="金康园大群", community_id=1, estate_id=1))
    session.add(
        Chat(id=2, channel="sandbox", key="g3", name="3栋群", community_id=1, estate_id=1, building_id=3)
    )
    raise_revision(session)


@asynccontextmanager
async def town(home: Path, *, at: datetime = START, **settings: object) -> AsyncIterator[Yishiting]:
    """The bot on the small community; due things happen only when the test moves the clock."""
    chosen = Settings(home=home, sandbox=True, **settings)  # type: ignore[arg-type]  # keyword settings of the test
    upgrade(chosen)
    bot = build(chosen, clock=StillClock(at))
    await bot.database.start()
    if not await bot.database.read(lambda session: session.get(Community, 1)):
        await bot.database.turn(people)
    await bot.hub.load()
    await bot.duties.start()
    try:
        yield bot
    finally:
        await bot.database.stop()


def hours(count: float) -> timedelta:
    """A span."""
    return timedelta(hours=count)
