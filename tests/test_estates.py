"""Two estates of one community that both have a building 3."""

from pathlib import Path

from sqlalchemy.orm import Session

from bot.app import Yishiting
from bot.turns.message import Inbound
from models.issues.tables import Issue
from models.people.rules import Role
from models.people.steps import raise_revision
from models.people.tables import Person, Post
from models.places.tables import Building, Estate, Household
from tests.town import town


def second_estate(session: Session) -> None:
    session.add_all(
        [
            Estate(id=2, community_id=1, name="银河苑"),
            Building(id=33, community_id=1, estate_id=2, grid_id=2, name="3"),
        ]
    )
    session.add_all(
        [
            Household(id=333, community_id=1, building_id=33, unit="1", room="101"),
            Person(id=333, key="y1", name="云一", community_id=1, household_id=333),
        ]
    )
    session.add_all(
        [
            Person(id=334, key="y3", name="云三", community_id=1),
            Post(person_id=334, role=Role.CAPTAIN, community_id=1, building_id=33),
        ]
    )
    raise_revision(session)


async def said(bot: Yishiting, who: str, chat: str, text: str) -> list[str]:
    sent = await bot.hub.receive(Inbound("sandbox", chat, who, text))
    return [f"{s.address} {s.body['text']}" for s in sent]


async def test_the_group_the_home_or_a_question_tells_which_building_is_meant(tmp_path: Path) -> None:
    async with town(tmp_path) as bot:
        await bot.database.turn(second_estate)
        await bot.hub.hearing.refresh()
        assert any(line.startswith("dm:c3 ") for line in await said(bot, "r1", "g", "3栋电梯停了两天没人修"))
        assert any(
            line.startswith("dm:y3 ") for line in await said(bot, "y1", "dm:y1", "3栋楼道灯坏了好几天没人修")
        )
        asked = await said(bot, "sec", "dm:sec", "3栋门禁坏了好几天没人修")
        assert len(asked) == 1
        assert "哪个小区的3栋" in asked[0]
        assert any(line.startswith("dm:y3 ") for line in await said(bot, "sec", "dm:sec", "银河苑"))
        count = await bot.database.read(
            lambda session: session.query(Issue).filter_by(building_id=33).count()
        )
        assert count == 2
