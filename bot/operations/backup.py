"""Everything in one file and back: database, photos, keys. Taken while the bot runs; restored only into an
empty place.

The file is a .zip: `manifest.json` (format, revision of the tables, SHA-256 and size of each part),
`database.db`, `photos/…`, `keys/…`. Whoever has it has the residents' words and the keys of their links: it
is readable by its owner only, and belongs in a safe place.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from bot.storage import BROKEN, quick_check, snapshot, stored_revision

DATABASE, MANIFEST, FORMAT = "database.db", "manifest.json", 1
#: The only names that a backup may hold.
_PART = re.compile(
    r"database\.db|keys/[A-Za-z0-9][A-Za-z0-9._-]{0,80}|photos/([0-9a-f]{2})/\1[0-9a-f]{62}\.jpg"
)
_BLOCK = 1 << 20
#: A manifest of a million photos stays below this.
_LARGEST_MANIFEST = 256 << 20


class Unusable(Exception):
    """It cannot be backed up or restored; the message says why, for the operator."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an installation keeps its things."""

    home: Path
    database: Path


def back_up(place: Place, target: Path, *, version: str) -> dict[str, Any]:
    """Write the backup and return its manifest. The database is one moment's snapshot; photos are never
    changed, only added and removed."""
    if not place.database.is_file():
        raise Unusable(f"还没有数据库：{place.database}")
    if target.exists():
        raise Unusable(f"{target} 已经存在，不会覆盖；请换一个文件名")
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.part")
    try:
        with tempfile.TemporaryDirectory(prefix=".backup-", dir=target.parent) as folder:
            copy = Path(folder) / DATABASE
            revision = _snapshot(place.database, copy)
            manifest: dict[str, Any] = {
                "format": FORMAT,
                "version": version,
                "revision": revision,
                "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
            }
            with _private(part) as file, zipfile.ZipFile(file, "w", allowZip64=True) as archive:
                manifest["files"] = dict(_add_all(archive, copy, place.home))
                archive.writestr(zipfile.ZipInfo(MANIFEST), json.dumps(manifest, indent=1))
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return manifest


def _snapshot(database: Path, copy: Path) -> str | None:
    """One moment's copy; its revision."""
    try:
        snapshot(database, copy)
        return _checked(copy)
    except BROKEN as error:
        raise Unusable(f"数据库 {database} 不完整：{error}") from None


def _checked(database: Path) -> str | None:
    """The revision of a database that passes SQLite's own check."""
    if (found := quick_check(database)) != "ok":
        raise Unusable(f"数据库没有通过完整性检查：{found}")
    return stored_revision(database)


@contextlib.contextmanager
def _private(path: Path) -> Iterator[IO[bytes]]:
    """A new file for its owner only, on disk when the block ends."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


def _add_all(archive: zipfile.ZipFile, snapshot: Path, home: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    yield DATABASE, _add(archive, snapshot, DATABASE, zipfile.ZIP_DEFLATED)
    for file in sorted([*(home / "keys").glob("*"), *(home / "photos").glob("*/*")]):
        name = file.relative_to(home).as_posix()
        if not _PART.fullmatch(name):
            continue
        # A photo may be removed for its age at this very moment.
        with contextlib.suppress(FileNotFoundError):
            yield name, _add(archive, file, name, zipfile.ZIP_STORED)


def _add(archive: zipfile.ZipFile, file: Path, name: str, method: int) -> dict[str, Any]:
    digest, size = hashlib.sha256(), 0
    info = zipfile.ZipInfo(name)
    info.compress_type = method
    with file.open("rb") as source, archive.open(info, "w", force_zip64=True) as out:
        while block := source.read(_BLOCK):
            digest.update(block)
            size += len(block)
            out.write(block)
    return {"sha256": digest.hexdigest(), "size": size}


def restore(source: Path, place: Place, *, known: set[str]) -> dict[str, Any]:
    """Unpack into an empty installation and return the manifest; `known` are the revisions this program can
    continue from.

    Everything is unpacked and checked beside its place first, so that a bad file changes nothing.
    """
    occupied = [
        path
        for path in (place.database, place.home / "photos", place.home / "keys")
        if path.is_file() or (path.is_dir() and any(path.iterdir()))
    ]
    if occupied:
        raise Unusable(f"这里已经有数据（{occupied[0]}），不会覆盖；请先把它移走，或换一个 YISHITING_HOME")
    place.home.mkdir(parents=True, exist_ok=True)
    place.database.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".restore-", dir=place.home) as folder:
        staged = Path(folder)
        try:
            with zipfile.ZipFile(source) as archive:
                manifest = _manifest(archive)
                for name, about in manifest["files"].items():
                    _unpack(archive, name, about, staged / name)
        except OSError as error:
            raise Unusable(f"读不到或写不下：{error.strerror or error}") from None
        except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
            raise Unusable(f"{source} 不是完整的备份文件（{error}）") from None
        try:
            revision = _checked(staged / DATABASE)
        except BROKEN as error:
            raise Unusable(f"备份里的数据库打不开：{error}") from None
        if revision not in known:
            raise Unusable(f"备份来自更新的版本（表结构 {revision}），请先升级议事厅")
        _move(staged, place)
    return manifest


def _manifest(archive: zipfile.ZipFile) -> dict[str, Any]:
    """The table of contents, if it agrees with what the archive holds."""
    names = [info.filename for info in archive.infolist()]
    if MANIFEST not in names or archive.getinfo(MANIFEST).file_size > _LARGEST_MANIFEST:
        raise Unusable("不是议事厅的备份：没有 manifest.json")
    manifest: Any = json.loads(archive.read(MANIFEST))
    files = manifest.get("files") if isinstance(manifest, dict) else None
    if not isinstance(files, dict) or manifest.get("format") != FORMAT:
        raise Unusable("不认识这种备份格式，可能来自更新的版本")
    if sorted(names) != sorted([MANIFEST, *files]) or DATABASE not in files:
        raise Unusable("备份里的文件与清单不一致")
    for name in files:
        if not _PART.fullmatch(name):
            raise Unusable(f"备份里有不该有的文件：{name}")
    return {**manifest, "files": files}


def _unpack(archive: zipfile.ZipFile, name: str, about: Any, target: Path) -> None:
    if not isinstance(about, dict):
        raise Unusable("备份里的文件与清单不一致")
    digest, size = hashlib.sha256(), 0
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with archive.open(name) as packed, _private(target) as out:
        while block := packed.read(_BLOCK):
            size += len(block)
            if size > about.get("size", 0):
                break
            digest.update(block)
            out.write(block)
    if size != about.get("size") or digest.hexdigest() != about.get("sha256"):
        raise Unusable(f"备份里的 {name} 已损坏")


def _move(staged: Path, place: Place) -> None:
    """Into their places; the database comes last, since with it the installation is whole."""
    for folder in ("keys", "photos"):
        if (staged / folder).is_dir():
            if (place.home / folder).is_dir():
                (place.home / folder).rmdir()
            (staged / folder).replace(place.home / folder)
    # The database may lie on another disk than the home.
    fresh = place.database.with_name(f".{place.database.name}.restored")
    shutil.copyfile(staged / DATABASE, fresh)
    fresh.chmod(0o600)
    fresh.replace(place.database)
