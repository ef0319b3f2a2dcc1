"""A small town with people in it, served by the real application on a free port."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from urllib.parse import quote

from aiohttp import web
from PIL import Image, ImageDraw
from playwright.async_api import Page, expect
from sqlalchemy.orm import Session

from bot.app import Yishiting, application, build
from bot.storage import parse_url, sync_engine
from bot.storage.migrate import upgrade
from config.settings import Settings
from models.people.rules import Relation, Role
from models.people.tables import Chat, Person, Post
from models.places.tables import Building, Community, District, Estate, Grid, Household, Street

COMMUNITY, ESTATE = "金康社区", "金康园小区"
#: A Monday morning in China.
MORNING = datetime(2026, 11, 23, 1, 30, tzinfo=UTC)
HOSTILE = '<img src=x onerror="alert(1)">'


@dataclass(slots=True)
class Town:
    """Where it is served, and the application behind it."""

    base: str
    bot: Yishiting
    settings: Settings

    @property
    def board(self) -> str:
        """The community's public board."""
        return f"{self.base}/c/{quote(COMMUNITY)}"

    @property
    def gate(self) -> str:
        """The page behind the code at the door of 3栋."""
        return f"{self.base}/r/{quote(COMMUNITY)}/{quote(ESTATE)}/3"


def settle(session: Session) -> None:
    """Streets, houses, people, posts, groups."""
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
    buildings = [
        Building(community_id=community.id, estate_id=estate.id, grid_id=grid.id, name=str(n))
        for n in range(1, 6)
    ]
    session.add_all(buildings)
    session.flush()
    number = 0
    for building in buildings:
        for room in ("101", "102", "201", "502"):
            home = Household(
                community_id=community.id, building_id=building.id, unit="1", room=room, area=8950, owners=""
            )
            session.add(home)
            session.flush()
            number += 1
            name = {9: "李迎新", 10: "张秀英", 11: HOSTILE}.get(number, f"居民{number}")
            session.add(
                Person(
                    key=f"R{number:04d}",
                    name=name,
                    community_id=community.id,
                    household_id=home.id,
                    relation=Relation.OWNER,
                )
            )
    officers = [
        ("C0003", "王小明", Role.CAPTAIN, {"building_id": buildings[2].id, "estate_id": estate.id}),
        ("G0001", "赵网格", Role.GRID_MEMBER, {"grid_id": grid.id}),
        ("S0001", "陈书记", Role.SECRETARY, {}),
        ("P0001", "周物业", Role.PROPERTY_OFFICER, {"estate_id": estate.id}),
        ("J0001", "吴街道", Role.STREET_OFFICER, {}),
    ]
    for key, name, role, area in officers:
        person = Person(key=key, name=name, phone="13800001111", community_id=community.id)
        session.add(person)
        session.flush()
        session.add(Post(person_id=person.id, role=role, community_id=community.id, **area))
    session.add(
        Chat(
            channel="sandbox",
            key="g-estate",
            name="金康园小区业主群",
            community_id=community.id,
            estate_id=estate.id,
        )
    )
    session.add(
        Chat(
            channel="sandbox",
            key="g-3",
            name="金康园3栋邻里群",
            community_id=community.id,
            estate_id=estate.id,
            building_id=buildings[2].id,
        )
    )
    session.commit()


@asynccontextmanager
async def town(home: Path) -> AsyncIterator[Town]:
    """The town, open for visitors."""
    listening = socket.create_server(("127.0.0.1", 0))
    settings = Settings(home=home, port=listening.getsockname()[1], sandbox_now=MORNING, demo=False)
    upgrade(settings)
    engine = sync_engine(parse_url(settings.database_url))
    with Session(engine) as session:
        settle(session)
    engine.dispose()
    bot = build(settings)
    runner = web.AppRunner(application(bot))
    await runner.setup()
    await web.SockSite(runner, listening).start()
    try:
        yield Town(settings.url, bot, settings)
    finally:
        await runner.cleanup()


def photo(words: str = "3") -> bytes:
    """A picture like a phone's, with the place where it was taken in its EXIF."""
    picture = Image.new("RGB", (1200, 900), "#88929c")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((380, 120, 820, 860), fill="#5d666e", outline="#333", width=12)
    draw.line((600, 120, 600, 860), fill="#333", width=10)
    draw.text((580, 40), words, fill="white", font_size=64)
    exif = Image.Exif()
    exif[0x010F] = "PhoneMaker"
    out = BytesIO()
    picture.save(out, "JPEG", exif=exif)
    return out.getvalue()


async def play(page: Page, base: str, key: str, chat: str) -> None:
    """Be this person in this chat, as a link does it."""
    await page.goto(f"{base}/sandbox#as={quote(key)}&chat={quote(chat)}")
    await expect(page.get_by_role("log")).to_be_visible()


async def choose(page: Page, base: str, words: str, name: str, chat: str) -> None:
    """Be this person in this chat, as somebody at the page does it."""
    await page.goto(f"{base}/sandbox")
    await page.get_by_label("搜姓名、编号、房号").fill(words)
    await page.get_by_role("button", name=name).first.tap()
    await page.get_by_role("navigation", name="聊天").get_by_role("button", name=chat).tap()
    await expect(page.get_by_role("log")).to_be_visible()


async def say(page: Page, text: str) -> None:
    """Type and send."""
    await page.get_by_label("说点什么").fill(text)
    await page.get_by_role("button", name="发送").tap()
    await expect(page.get_by_label("说点什么")).to_have_value("")
