"""A backup taken while others write is one moment's whole state; only an intact one is restored, and only
into an empty place."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import stat
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.operations.backup import Place, Unusable, back_up, restore
from bot.storage import photos
from bot.storage.keys import secret_of
from bot.storage.migrate import upgrade
from bot.turns.message import Image, Inbound
from config.settings import Settings
from models.issues.tables import Photo
from tests.ops.test_retention import picture, say
from tests.town import town


def place(home: Path) -> Place:
    return Place(home, home / "yishiting.db")


def known() -> set[str]:
    """Every revision the program has."""
    from alembic.script import ScriptDirectory

    from bot.storage.migrate import alembic_config

    return {script.revision for script in ScriptDirectory.from_config(alembic_config()).walk_revisions()}


async def test_taken_while_reports_arrive_and_whole_where_it_is_restored(tmp_path: Path) -> None:
    here, there, file = tmp_path / "here", tmp_path / "there", tmp_path / "all.zip"
    async with town(here) as bot:
        await say(bot, "r3", "3栋2单元501天花板漏水", color="red")

        some = asyncio.Event()

        async def reports() -> None:
            for number in range(60):
                image = Image(picture(f"rgb({number},9,9)"))
                await bot.hub.receive(
                    Inbound(
                        "sandbox",
                        "dm:r2",
                        "r2",
                        f"2栋{number % 2 + 1}单元{number + 101}停水了",
                        message_id=f"x{number}",
                        images=(image,),
                    )
                )
                if number == 9:
                    some.set()

        arriving = asyncio.create_task(reports())
        await some.wait()
        manifest = await asyncio.to_thread(back_up, place(here), file, version="test")
        assert not arriving.done(), "it should have been taken in the middle"
        await arriving
        secret = secret_of(here)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert sorted(os.listdir(tmp_path)) == ["all.zip", "here"]  # noqa: PTH208 - nothing half-written beside it
    restored = restore(file, place(there), known=known())
    assert restored["files"] == manifest["files"]
    upgrade(Settings(home=there))
    assert secret_of(there) == secret
    with closing(sqlite3.connect(there / "yishiting.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        count = connection.execute("SELECT count(*) FROM issues").fetchone()[0]
        assert 10 <= count <= 61
        assert connection.execute("SELECT value FROM counters WHERE series = 'things'").fetchone() == (count,)
    async with town(there) as bot:
        for digest in await bot.database.read(lambda session: list(session.scalars(select(Photo.digest)))):
            assert photos.path(there, digest).read_bytes() == photos.path(here, digest).read_bytes()
        assert f"#{count + 1}" in (await say(bot, "r1", "1栋1单元停水了"))[0]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A backup of a small installation, made once."""
    folder = tmp_path_factory.mktemp("made")

    async def report() -> None:
        async with town(folder / "here") as bot:
            await say(bot, "r3", "3栋2单元501天花板漏水", color="red")

    asyncio.run(report())
    back_up(place(folder / "here"), folder / "all.zip", version="test")
    return (folder / "all.zip").read_bytes()


@pytest.fixture
def whole(made: bytes, tmp_path: Path) -> Path:
    file = tmp_path / "all.zip"
    file.write_bytes(made)
    return file


def rewrite(file: Path, change: Callable[[dict[str, bytes]], None]) -> None:
    """The same archive with other contents."""
    with zipfile.ZipFile(file) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    change(parts)
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


def added(name: str, *, listed: bool) -> Callable[[dict[str, bytes]], None]:
    def change(parts: dict[str, bytes]) -> None:
        parts[name] = b"x"
        if listed:
            manifest = json.loads(parts["manifest.json"])
            manifest["files"][name] = {
                "sha256": "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881",
                "size": 1,
            }
            parts["manifest.json"] = json.dumps(manifest).encode()

    return change


def other_content(parts: dict[str, bytes]) -> None:
    name = next(name for name in parts if name.startswith("photos/"))
    parts[name] = parts[name][:-1] + b"?"


def newer(parts: dict[str, bytes]) -> None:
    parts["manifest.json"] = parts["manifest.json"].replace(b'"format": 1', b'"format": 2')


@pytest.mark.parametrize(
    "change",
    [
        added("../escaped", listed=True),
        added("/etc/escaped", listed=True),
        added("keys/../../escaped", listed=True),
        added("photos/aa/notes.txt", listed=True),
        added("keys/unlisted.key", listed=False),
        other_content,
        newer,
        lambda parts: parts.pop("manifest.json"),
        lambda parts: parts.pop("database.db"),
        lambda parts: parts.update({"database.db": b"no database"}),
        lambda parts: parts.update({"manifest.json": b"[]"}),
        lambda parts: parts.update({"manifest.json": b"\xff"}),
    ],
)
def test_what_was_tampered_with_changes_nothing(
    whole: Path, tmp_path: Path, change: Callable[[dict[str, bytes]], None]
) -> None:
    rewrite(whole, change)
    there = tmp_path / "there"
    with pytest.raises(Unusable):
        restore(whole, place(there), known=known())
    assert [p for p in there.rglob("*") if p.is_file()] == []
    assert not (tmp_path / "escaped").exists()


@pytest.mark.parametrize("part", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_a_cut_off_file_changes_nothing(whole: Path, tmp_path: Path, part: float) -> None:
    os.truncate(whole, int(whole.stat().st_size * part))
    with pytest.raises(Unusable):
        restore(whole, place(tmp_path / "there"), known=known())
    assert [p for p in (tmp_path / "there").rglob("*") if p.is_file()] == []


def test_neither_overwrites(whole: Path, tmp_path: Path) -> None:
    restore(whole, place(tmp_path / "here"), known=known())
    with pytest.raises(Unusable):
        back_up(place(tmp_path / "here"), whole, version="test")
    with pytest.raises(Unusable):
        restore(whole, place(tmp_path / "here"), known=known())
    with pytest.raises(Unusable):
        restore(whole, place(tmp_path / "there"), known=set())
    with pytest.raises(Unusable):
        restore(tmp_path / "nowhere.zip", place(tmp_path / "there"), known=known())
    with pytest.raises(Unusable):
        back_up(place(tmp_path / "nothing"), tmp_path / "none.zip", version="test")
    assert not (tmp_path / "none.zip").exists()
