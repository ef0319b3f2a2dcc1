"""Promise 13: personal data goes, on request and by itself; counts and the public chain stay."""

from __future__ import annotations

import io
import os
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image as Picture
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.app import Yishiting
from bot.operations.retention import ORPHAN_AFTER
from bot.storage import photos
from bot.turns.message import Image, Inbound
from models.issues.find.rows import backers, question_delivered
from models.issues.public.issue import view
from models.issues.rules import Status
from models.issues.tables import Endorsement, Issue, IssueEvent, Photo
from models.messages.privacy import GONE
from models.messages.tables import Inbox, Outbox, Wait
from models.people.privacy import ERASED
from models.people.tables import Claim, Identity
from models.privacy import erase, export_identity
from models.record.public import chain
from models.record.rules import verify
from tests.ops.test_leaks import forms, holding
from tests.town import town

WORDS = "3栋2单元501天花板漏水滴到龘靐齉爩的床上"
REASON, REMARK = "还是滴水灪籱", "厵骉羴真快"


def picture(color: str) -> bytes:
    out = io.BytesIO()
    Picture.new("RGB", (64, 48), color).save(out, "JPEG")
    return out.getvalue()


async def say(bot: Yishiting, who: str, text: str, *, color: str = "", chat: str = "") -> list[str]:
    sent = await bot.hub.receive(
        Inbound(
            channel="sandbox",
            chat=chat or f"dm:{who}",
            sender=who,
            text=text,
            message_id=f"{who}-{time.monotonic_ns()}",
            images=(Image(picture(color)),) if color else (),
        )
    )
    return [one.body["text"] for one in sent]


async def journey(bot: Yishiting, *, until_closed: bool = True) -> None:
    """A report with a photo, backed by a neighbour, contested, done, rated and closed."""
    assert await say(bot, "r3", WORDS, color="red")
    assert await say(bot, "r2", "附议 1")
    assert await say(bot, "c3", "接单 1")
    assert await say(bot, "c3", "完成 1 补好了", color="blue")
    assert await say(bot, "r3", f"没修好 1 {REASON}")
    assert await say(bot, "c3", "完成 1 又补了一次")
    if until_closed:
        assert await say(bot, "r3", "已解决 1")
        assert await say(bot, "r3", f"评价 1 5 {REMARK}")


def account(session: Session, key: str) -> int:
    return session.scalars(
        select(Identity.id).where(Identity.channel == "sandbox", Identity.external == key)
    ).one()


def counted(session: Session) -> dict[str, Any]:
    """What must not change."""
    seen = view(session, session.scalars(select(Issue)).one())
    return {
        "issues": session.scalar(select(func.count(Issue.id))),
        "endorsements": seen.endorsements,
        "ratings": (seen.ratings, seen.mean),
        "history": [line.what for line in seen.history],
        "chain": [entry["hash"] for entry in chain(session, 1)],
    }


async def test_erasing_leaves_no_byte_of_what_was_said_and_every_count(tmp_path: Path) -> None:
    async with town(tmp_path) as bot:
        await journey(bot)
        marks = (WORDS, "龘靐齉爩", REASON, REMARK)
        assert all(holding(tmp_path, mark) for mark in marks), "the search must be able to find them"
        before = await bot.database.read(counted)
        gone = await bot.database.turn(
            lambda session: erase(session, [account(session, "r3")], bot.clock.now())
        )
        assert (gone.issues, gone.backings, len(gone.digests), gone.on_roster) == (1, 1, 1, True)
        await bot.sweep()
        assert {mark: found for mark in marks if (found := holding(tmp_path, mark))} == {}
        assert await bot.database.read(counted) == before
        assert verify(await bot.database.read(lambda session: chain(session, 1))) == []

        def rest(session: Session) -> None:
            issue = session.scalars(select(Issue)).one()
            assert (issue.reporter_id, issue.text, issue.room, issue.why, issue.words_hash) == (
                None,
                None,
                None,
                [],
                "",
            )
            first, second = backers(session, issue)
            owner = session.get_one(Identity, first.identity_id)
            assert (owner.channel, owner.person_id, first.score) == (ERASED, None, 5)
            assert session.get_one(Identity, second.identity_id).external == "r2"
            assert session.scalar(select(Identity.id).where(Identity.external == "r3")) is None
            assert (
                session.scalar(select(func.count()).select_from(Outbox).where(Outbox.address == "dm:r3")) == 0
            )
            captain = [
                row.body["text"] for row in session.scalars(select(Outbox).where(Outbox.address == "dm:c3"))
            ]
            assert GONE in captain
            # The officer's photo is the office's, not the resident's.
            assert [photo.by_officer for photo in session.scalars(select(Photo))] == [True]

        await bot.database.read(rest)


async def test_erased_twice_and_heard_again(tmp_path: Path) -> None:
    async with town(tmp_path) as bot:
        await journey(bot)
        for expected in (1, 0):
            ids = await bot.database.read(
                lambda session: list(session.scalars(select(Identity.id).where(Identity.external == "r3")))
            )
            gone = await bot.database.turn(lambda session, ids=ids: erase(session, ids, bot.clock.now()))  # type: ignore[misc]  # bound now
            assert gone.issues == expected
        assert await say(bot, "r3", "3栋2单元501停水了")
        assert await bot.database.read(lambda session: session.scalar(select(func.count(Issue.id)))) == 2


async def test_asked_for_in_the_chat_the_photos_go_at_once(tmp_path: Path) -> None:
    async with town(tmp_path) as bot:
        await journey(bot)
        await say(bot, "r3", "楼道灯坏了没人管", color="yellow", chat="g")
        assert len(list((tmp_path / "photos").glob("*/*.jpg"))) == 3
        await say(bot, "r3", "删除我的数据")
        assert await say(bot, "r3", "确认")
        # The captain's stays.
        assert len(list((tmp_path / "photos").glob("*/*.jpg"))) == 1
        assert not any(bot.hub.memory.waits(("sandbox", chat, "r3")) for chat in ("g", "dm:r3"))


async def test_not_to_be_listened_to_outlives_an_erasure(tmp_path: Path) -> None:
    async with town(tmp_path) as bot:
        await say(bot, "r3", "别听我的")
        await bot.database.turn(lambda session: erase(session, [account(session, "r3")], bot.clock.now()))
        kept = await bot.database.read(lambda session: session.scalars(select(Identity)).one())
        assert (kept.ignored, kept.person_id) == (True, None)


async def test_the_export_says_what_is_held_and_only_of_this_person(tmp_path: Path) -> None:
    async with town(tmp_path) as bot:
        await journey(bot)
        held = await bot.database.read(lambda session: export_identity(session, [account(session, "r3")]))
        text = repr(held)
        assert WORDS in text
        assert REMARK in text
        assert held["名册"][0]["住处"] == "金康园小区3栋2单元501"
        assert held["诉求和附议"][0]["照片"] == 1
        other = repr(
            await bot.database.read(lambda session: export_identity(session, [account(session, "r2")]))
        )
        assert "龘靐齉爩" not in other
        assert "居民3" not in other


async def test_delivered_messages_go_after_a_week_but_not_while_their_question_is_open(
    tmp_path: Path,
) -> None:
    async with town(tmp_path) as bot:
        await journey(bot, until_closed=False)
        bot.clock.stand_at(bot.clock.now() + timedelta(days=bot.settings.reply_days + 1))
        await bot.sweep()

        def resolved(session: Session) -> None:
            issue = session.scalars(select(Issue)).one()
            assert issue.status is Status.RESOLVED
            assert question_delivered(session, issue, bot.hub.world.silent)

        await bot.database.read(resolved)
        assert await say(bot, "r3", "已解决 1")
        bot.clock.stand_at(bot.clock.now() + timedelta(days=bot.settings.reply_days + 1))
        await bot.sweep()
        assert await bot.database.read(
            lambda session: (
                session.scalar(select(func.count(Outbox.id))),
                session.scalar(select(func.count(Inbox.id))),
            )
        ) == (0, 0)
        assert verify(await bot.database.read(lambda session: chain(session, 1))) == []


async def test_photos_go_in_time_and_a_file_only_with_its_last_row(tmp_path: Path) -> None:
    async with town(tmp_path, photo_days=30) as bot:
        await say(bot, "r3", "3栋2单元501天花板漏水", color="red")
        bot.clock.stand_at(bot.clock.now() + timedelta(days=20))
        await say(bot, "r2", "2栋1单元停水了", color="red")
        (digest,) = set(await bot.database.read(lambda session: list(session.scalars(select(Photo.digest)))))
        bot.clock.stand_at(bot.clock.now() + timedelta(days=11))
        await bot.sweep()
        assert await bot.database.read(lambda session: session.scalar(select(func.count(Photo.id)))) == 1
        assert photos.path(tmp_path, digest).is_file()
        bot.clock.stand_at(bot.clock.now() + timedelta(days=20))
        await bot.sweep()
        assert not photos.path(tmp_path, digest).exists()


async def test_files_without_a_row_go_after_a_day(tmp_path: Path) -> None:
    async with town(tmp_path) as bot:
        old, fresh = photos.store(tmp_path, picture("green")), photos.store(tmp_path, picture("white"))
        # A report whose place is still asked for names its photo in the wait only.
        await say(bot, "r3", "电梯坏了没人管", color="yellow", chat="g")
        waiting = await bot.database.read(lambda session: session.scalars(select(Wait.data)).one()["photos"])
        past = time.time() - ORPHAN_AFTER.total_seconds() - 60
        for digest in (old, *waiting):
            os.utime(photos.path(tmp_path, digest), (past, past))
        assert (await bot.sweep()).files == 1
        assert [photos.path(tmp_path, digest).exists() for digest in (old, fresh, *waiting)] == [
            False,
            True,
            True,
        ]
        photos.store(tmp_path, picture("white"))
        assert time.time() - photos.path(tmp_path, fresh).stat().st_mtime < 60


async def test_after_two_years_nobody_knows_who_it_was(tmp_path: Path) -> None:
    async with town(tmp_path) as bot:
        await journey(bot)
        await say(bot, "r2", "2栋1单元101停水了")
        before = await bot.database.read(lambda session: [entry["hash"] for entry in chain(session, 1)])
        bot.clock.stand_at(bot.clock.now() + timedelta(days=bot.settings.reporter_days - 1))
        await bot.sweep()
        assert holding(tmp_path, "龘靐齉爩")
        bot.clock.stand_at(bot.clock.now() + timedelta(days=2))
        await bot.sweep()
        assert not any(holding(tmp_path, mark) for mark in ("龘靐齉爩", REASON, REMARK))

        def rest(session: Session) -> None:
            ended, live = session.scalars(select(Issue).order_by(Issue.id))
            assert (ended.reporter_id, ended.text, ended.room) == (None, None, None)
            assert live.text, "what is not ended keeps its words"
            kept = session.execute(
                select(Identity.channel, Endorsement.text)
                .join(Endorsement, Endorsement.identity_id == Identity.id)
                .where(Endorsement.issue_id == ended.id)
            ).all()
            assert [tuple(row) for row in kept] == [(ERASED, None)] * 2
            assert (
                session.scalar(
                    select(func.count(IssueEvent.id)).where(
                        IssueEvent.issue_id == ended.id, IssueEvent.detail != ""
                    )
                )
                == 0
            )
            assert verify(chain(session, 1)) == []
            assert [entry["hash"] for entry in chain(session, 1)][: len(before)] == before

        await bot.database.read(rest)


async def test_who_entered_by_a_claim_leaves_the_roster(tmp_path: Path) -> None:
    async with town(tmp_path) as bot:

        def enter(session: Session) -> None:
            who = Identity(
                id=9001, channel="onebot", external="5550001", seen_at=bot.clock.now(), ignored=False
            )
            session.add_all(
                [
                    who,
                    Claim(
                        community_id=1,
                        number=1,
                        identity_id=9001,
                        household_id=9,
                        name="龘靐",
                        made_at=bot.clock.now(),
                    ),
                ]
            )

        await bot.database.turn(enter)
        gone = await bot.database.turn(lambda session: erase(session, [9001], bot.clock.now()))
        assert gone.claims == 1
        await bot.sweep()
        assert not holding(tmp_path, "5550001")


@pytest.mark.parametrize("mark", ["龘靐齉爩"])
def test_forms_differ(mark: str) -> None:
    assert len(set(forms(mark))) >= 5
