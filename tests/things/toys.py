"""Two kinds of things that no subject has, each with a table of its own, for tests of what all things share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Mapped, Session

from bot.app import Yishiting
from bot.turns.message import Inbound, Reply
from bot.turns.router import Router
from bot.turns.turn import Turn
from models.base import Base
from models.things.rules import kinds
from models.things.steps import number
from models.things.tables import Numbered
from tests.town import town


class Toy(Numbered, Base):
    """Known to everybody, or to post holders only."""

    __tablename__ = "toys"
    kind = "toy"
    hidden: Mapped[bool]


class Ball(Numbered, Base):
    """Knows no verb at all."""

    __tablename__ = "balls"
    kind = "ball"


TABLES = (Toy.__table__, Ball.__table__)
for table in TABLES:
    # The migrations are compared with the metadata, and know nothing of toys.
    Base.metadata.remove(table)  # type: ignore[arg-type]  # mapped classes have tables

router = Router()


def _nothing(_turn: Turn, _toy: Any) -> None:
    return None


router.kind("ball", title=lambda _turn, _ball: "皮球", page="balls", seen=lambda _turn, _ball: True)(_nothing)


@router.kind(
    "toy",
    title=lambda _turn, _toy: "积木",
    page="toys",
    seen=lambda turn, toy: not toy.hidden or bool(turn.posts()),
)
def follow(turn: Turn, toy: Any) -> Reply:
    """Whatever is said."""
    return turn.whisper("decide/hidden", about=toy)


@router.command_on("toy", "endorse", "publish", among=lambda _turn: [])
def endorse(turn: Turn, toy: Any) -> Reply:
    """附议, as for issues; 公示, as for no issue."""
    return turn.say("backing/endorsed", about=toy, count=1)


@router.command_on("toy", "merge", among=lambda _turn: [], several=True)
def merge(turn: Turn, toys: list[Any]) -> Reply:
    """合并, as for issues."""
    return turn.say("decide/merged", about=toys[0], others=[toy.number for toy in toys[1:]])


class Play:
    """A town where #1 is an issue, #2 and #3 are toys, #4 a hidden one, #5 a ball; r3 has opened them all."""

    def __init__(self, bot: Yishiting) -> None:
        self.bot = bot

    async def say(self, who: str, words: str, *, quote: str | None = None, chat: str = "") -> list[str]:
        """What is answered, to whomever."""
        chat = chat or f"dm:{who}"
        inbound = Inbound(channel="sandbox", chat=chat, sender=who, text=words, quote=quote)
        return [sent.body["text"] for sent in await self.bot.hub.receive(inbound)]

    async def quotable(self, who: str, of: str) -> str:
        """The id of what the bot says of a thing."""
        inbound = Inbound(channel="sandbox", chat=f"dm:{who}", sender=who, text=of)
        return (await self.bot.hub.receive(inbound))[0].receipt or ""


def _made(session: Session) -> None:
    for made in TABLES:
        made.create(session.connection())  # type: ignore[attr-defined]  # likewise
    for kind, more in (
        (Toy, {"hidden": False}),
        (Toy, {"hidden": False}),
        (Toy, {"hidden": True}),
        (Ball, {}),
    ):
        thing = number(session, 1, kind.kind)
        session.add(kind(id=thing.id, thing=thing, community_id=1, **more))


@asynccontextmanager
async def toy_town(home: Path) -> AsyncIterator[Play]:
    """The small community with toys in it, as long as the test runs."""
    async with town(home) as bot:
        kinds.add("toy", "积木")
        kinds.add("ball", "皮球")
        try:
            bot.hub.router.include(router)
            play = Play(bot)
            assert "#1" in (await play.say("r3", "3栋2单元501天花板漏水了"))[0]
            await bot.database.turn(_made)
            yield play
        finally:
            del kinds.titles["toy"], kinds.titles["ball"]
