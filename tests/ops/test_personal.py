"""What goes with a person is declared where the column is born, and the migrations make what the tables declare."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Column, ForeignKey, MetaData, Table, func, insert, select
from sqlalchemy.orm import Session

import bot.app  # noqa: F401 - every table there is
from bot.storage import parse_url, sync_engine
from bot.storage.migrate import upgrade
from config.settings import Settings
from models.base import PERSONAL, Base, new_id, referring, refers
from models.issues.rules import Urgency
from models.issues.tables import Endorsement, Issue, IssueEvent, Photo
from models.messages.rules import Delivery
from models.messages.tables import Outbox
from models.people.privacy import ERASED
from models.people.tables import Identity
from models.privacy import erase
from models.things.tables import Thing
from tests.town import START, town

FATES = ("keep", "unlink", "delete")


def undeclared(metadata: MetaData) -> list[str]:
    """The columns that refer to a person or an account and do not say, or cannot do, what goes with them."""
    found = []
    for key in referring(*PERSONAL, metadata=metadata):
        table, fate, blank = key.parent.table, key.info.get("personal"), key.info.get("blank") or {}
        nobody = key.parent.nullable or key.target_fullname == "identities.id"
        emptied = all(
            name in table.c and (gone is not None or table.c[name].nullable) for name, gone in blank.items()
        )
        if (
            fate not in FATES
            or not emptied
            or (fate == "unlink" and not nobody)
            or (blank and fate != "unlink")
        ):
            found.append(f"{table.name}.{key.parent.name}")
    return found


def test_every_column_that_refers_to_a_person_says_what_goes_with_them() -> None:
    assert undeclared(Base.metadata) == []
    named = {f"{key.parent.table.name}.{key.parent.name}" for key in referring(*PERSONAL)}
    assert {
        "issues.reporter_id",
        "endorsements.identity_id",
        "waits.identity_id",
        "posts.deputy_for",
    } <= named


@pytest.mark.parametrize("target", PERSONAL)
def test_a_column_that_does_not_say_is_found(target: str) -> None:
    with pytest.raises(TypeError, match=target):
        refers(target)
    with pytest.raises(TypeError, match="streets"):
        refers("streets", personal="keep")
    apart = MetaData()
    Table("visits", apart, Column("whose", ForeignKey(f"{target}.id")))
    Table("calls", apart, Column("whose", refers(target, personal="unlink", blank={"said": None})))
    Table("gifts", apart, Column("whose", refers(target, personal="delete")))
    assert undeclared(apart) == ["visits.whose", "calls.whose"]


def test_the_migrations_make_what_the_tables_declare(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    upgrade(settings)
    engine = sync_engine(parse_url(settings.database_url))
    try:
        with engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            assert compare_metadata(context, Base.metadata) == []
    finally:
        engine.dispose()


async def test_somebody_with_thousands_of_reports_is_forgotten_whole(tmp_path: Path) -> None:
    many = 3_000

    def live_long(session: Session) -> None:
        """Every day a report with a photo, told to the captain, and a neighbour's report backed."""
        one = {"community_id": 1, "at": START}
        session.add_all(
            Identity(id=number, channel="sandbox", external=f"r{number}", person_id=None, seen_at=START)
            for number in (2, 3)
        )
        session.flush()
        ids = [new_id() for _ in range(2 * many)]
        numbered = list(enumerate(ids, 1))
        rows = session.connection()
        rows.execute(
            insert(Thing), [{"id": i, "community_id": 1, "number": n, "kind": "issue"} for n, i in numbered]
        )
        rows.execute(
            insert(Issue),
            [
                {
                    "id": i, "community_id": 1, "status": "closed", "category": "lift", "urgency": Urgency.ORDINARY,
                    "level": 1, "sensitive": False, "text": f"第{n}次说龘靐", "words_hash": str(n), "why": ["龘靐"],
                    "reporter_id": 3 if n <= many else 2, "opened_at": START, "changed_at": START,
                }
                for n, i in numbered
            ],
        )  # fmt: skip
        rows.execute(
            insert(Endorsement),
            [
                one | {"issue_id": i, "identity_id": 3, "first": n <= many, "text": f"第{n}次说龘靐"}
                for n, i in numbered
            ],
        )
        rows.execute(
            insert(IssueEvent), [one | {"issue_id": i, "what": "back", "detail": "龘靐"} for i in ids]
        )
        rows.execute(
            insert(Photo),
            [
                one | {"issue_id": i, "identity_id": 3, "digest": f"{n:064}", "by_officer": False}
                for n, i in numbered
            ],
        )
        row = one | {"channel": "sandbox", "delivery": Delivery.SENT, "due_at": START}
        rows.execute(
            insert(Outbox),
            [row | {"address": "dm:c3", "body": {"text": f"「第{n}次说龘靐」"}} for n, _ in numbered]
            + [row | {"address": "dm:r3", "body": {"text": "龘靐"}} for _ in range(many)],
        )

    async with town(tmp_path) as bot:
        await bot.database.turn(live_long)
        before = time.perf_counter()
        gone = await bot.database.turn(lambda session: erase(session, [3], START))
        took = time.perf_counter() - before
        assert (gone.issues, gone.backings, gone.messages) == (many, 2 * many, 3 * many)
        assert len(gone.digests) == 2 * many

        def rest(session: Session) -> None:
            apart = select(func.count(Endorsement.identity_id.distinct())).join(Identity)
            assert session.scalar(apart.where(Identity.channel == ERASED)) == 2 * many
            left = select(func.count()).where(Issue.reporter_id == 2, Issue.text.is_not(None))
            assert session.scalar(left) == many
            for held in (Endorsement.text, Outbox.body["text"].as_string(), IssueEvent.detail):
                assert session.scalar(select(func.count()).where(held.contains("龘靐"))) == 0

        await bot.database.read(rest)
        assert took < 30, "a turn holds the writer"
