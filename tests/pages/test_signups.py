"""A sign-up's page and its twin: what stands there, and what never does."""

from __future__ import annotations

from urllib.parse import quote

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.people.find.directory import ChatInfo
from models.people.tables import Chat, Identity
from models.places.tables import Community
from models.signups import steps
from models.signups.rules import Line
from tests.pages.scene import COMMUNITY, HOSTILE, NOW, PHONE, Scene

HERE = f"/c/{quote(COMMUNITY)}"
LINES = (
    Line("王小明", "3-502 两份"),
    Line("李迎新", f"1份 电话{PHONE}"),
    Line("2-502"),
    Line(HOSTILE, HOSTILE),
    Line("阿芬", "不要，替王小明问"),
)


async def opened(pages: Scene, *, end: str = "") -> int:
    """A sign-up with everything that may not be public."""

    def make(session: Session) -> int:
        place = session.scalars(select(Community)).one()
        chat = Chat(channel="sandbox", key="g", name="群", community_id=place.id)
        who = Identity(channel="sandbox", external="r1", seen_at=NOW)
        session.add_all([chat, who])
        session.flush()
        info = ChatInfo(chat.id, "sandbox", "g", "群", place.id, None, None)
        made = steps.open_signup(
            session, info, f"找李迎新{HOSTILE}", LINES, opener_id=who.id, message_id=None, now=NOW
        )
        if end == "hidden":
            steps.hide(made)
        if end == "withdrawn":
            session.flush()
            steps.withdraw(session, made, NOW)
        return made.number

    return await pages.database.turn(make)


async def test_the_twin_is_the_contract_and_names_nobody(pages: Scene) -> None:
    number = await opened(pages)
    answer = await pages.client.get(f"{HERE}/signups/{number}.json")
    assert answer.status == 200
    twin = await answer.json()
    assert {**twin, "title": ""} == {
        "number": number,
        "title": "",
        "status": "open",
        "entries": [
            {"n": 1, "name": "王**", "note": "两份"},
            {"n": 2, "name": "李**", "note": "1份"},
            {"n": 3, "name": "2**", "note": ""},
            {"n": 4, "name": "<**", "note": "1 2"},
            {"n": 5, "name": "阿*", "note": "不要"},
        ],
    }
    assert twin["title"].startswith("找李**")


async def test_the_page_shows_it_escaped(pages: Scene) -> None:
    number = await opened(pages)
    answer = await pages.client.get(f"{HERE}/signups/{number}")
    html = await answer.text()
    assert answer.status == 200
    assert "还在收" in html
    assert "1. 王**" in html
    assert not any(
        secret in html for secret in (PHONE, "李迎新", "王小明", "502", "<script>alert", "<img src=x")
    )
    led = await pages.client.get(f"{HERE}/n/{number}", allow_redirects=False)
    assert led.headers["Location"] == f"{HERE}/signups/{number}"


async def test_what_is_hidden_or_another_thing_has_no_page(pages: Scene) -> None:
    number = await opened(pages, end="hidden")
    for path in (
        f"signups/{number}",
        f"signups/{number}.json",
        "signups/17",
        "signups/9999.json",
        f"issues/{number}",
    ):
        assert (await pages.client.get(f"{HERE}/{path}")).status == 404


async def test_what_was_withdrawn_keeps_no_word(pages: Scene) -> None:
    number = await opened(pages, end="withdrawn")
    twin = await (await pages.client.get(f"{HERE}/signups/{number}.json")).json()
    assert twin == {"number": number, "title": "接龙", "status": "withdrawn", "entries": []}
