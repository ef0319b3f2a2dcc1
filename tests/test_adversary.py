"""What an adversary found outside the conversations: memory for pictures, the clock's spans, a 0001
database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest
from alembic import command
from PIL import Image
from sqlalchemy import text

from bot.channels.sandbox import _span
from bot.storage import parse_url, photos, sync_engine
from bot.storage.migrate import alembic_config


def test_a_small_file_that_asks_for_a_gigabyte_is_refused() -> None:
    bomb = BytesIO()
    Image.new("RGBA", (6000, 6000)).save(bomb, "WEBP", lossless=True)
    assert len(bomb.getvalue()) < 10_000
    with pytest.raises(photos.NotAPhoto, match="large"):
        photos.clean(bomb.getvalue())


@pytest.mark.parametrize(
    ("words", "span"), [("PT0S", timedelta(0)), ("PT1H", timedelta(hours=1)), ("P3D", timedelta(days=3))]
)
def test_the_clock_moves_by_exactly_what_is_said(words: str, span: timedelta) -> None:
    assert _span(words, datetime(2026, 11, 23, 10, 0, 0, 740_000, tzinfo=UTC)) == span


def test_an_upgrade_names_nobody(tmp_path: Path) -> None:
    """Sensitive issues of a first-version database count as asked for."""
    engine = sync_engine(parse_url(f"sqlite:///{tmp_path}/old.db"))
    config = alembic_config()
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(text("PRAGMA defer_foreign_keys = ON"))
        columns = {row[1]: row[2] for row in connection.execute(text("PRAGMA table_info(issues)")) if row[3]}
        fill = {
            name: "'2026-01-01 00:00:00'"
            if "DATE" in kind
            else "0"
            if "TEXT" not in kind and "JSON" not in kind
            else "'[]'"
            for name, kind in columns.items()
        }
        fill |= {"level": "1", "id": "1", "sensitive": "1", "status": "'open'", "urgency": "'ordinary'"}
        connection.execute(text(f"INSERT INTO issues ({','.join(fill)}) VALUES ({','.join(fill.values())})"))
        command.upgrade(config, "head")
        assert connection.execute(text("SELECT anonymous, discreet FROM issues")).all() == [(1, 1)]
        connection.rollback()
    engine.dispose()
