"""The files borrowed from npm: only the pinned content gets in, once, and a closed network is said
plainly."""

import base64
import hashlib
import io
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from bot.operations import frontend
from bot.operations.frontend import FetchError, Package


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """What npm packs of a small package."""
    path = tmp_path / "tiny-1.0.0.tgz"
    with tarfile.open(path, "w:gz") as contents:
        for name, text in (
            ("package/dist/tiny.css", "p{}"),
            ("package/LICENSE", "MIT"),
            ("package/../../escaped", "no"),
            ("package/install.js", "no"),
        ):
            entry = tarfile.TarInfo(name)
            entry.size = len(text)
            contents.addfile(entry, io.BytesIO(text.encode()))
    return path


@pytest.fixture
def tiny(archive: Path) -> Package:
    """That package, pinned."""
    digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    return Package(
        name="tiny", version="1.0.0", integrity=f"sha512-{digest}", files={"dist/tiny.css": "tiny.css"}
    )


def test_the_wanted_files_and_the_licence_are_taken_and_nothing_else(
    tiny: Package, archive: Path, tmp_path: Path
) -> None:
    vendor = tmp_path / "static" / "vendor"
    frontend.check(tiny, archive)
    frontend.unpack(tiny, archive, vendor)

    assert sorted(path.name for path in vendor.iterdir()) == [".tiny", "tiny.LICENSE.txt", "tiny.css"]
    assert (vendor / "tiny.css").read_text() == "p{}"
    assert not list(tmp_path.rglob("escaped"))


def test_what_is_there_is_not_fetched_again_and_what_went_missing_is(
    tiny: Package, archive: Path, tmp_path: Path
) -> None:
    frontend.unpack(tiny, archive, tmp_path)
    assert frontend.missing(tmp_path, [tiny]) == []
    assert frontend.missing(tmp_path, [replace(tiny, integrity="sha512-newer")]) != []

    (tmp_path / "tiny.css").unlink()
    assert frontend.missing(tmp_path, [tiny]) == [tiny]


def test_another_content_under_the_same_version_is_refused(tiny: Package, archive: Path) -> None:
    archive.write_bytes(archive.read_bytes() + b"\0")

    with pytest.raises(FetchError, match="not the pinned file"):
        frontend.check(tiny, archive)


def test_a_closed_network_is_said_with_the_remedy(
    tiny: Package, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    npm = frontend.npm_of_wheel(tmp_path / "nowhere")
    monkeypatch.setattr(frontend, "candidates", lambda: iter(()))
    monkeypatch.setattr(frontend, "NODE_WHEEL", "no-such-package @ file:///nowhere.whl")

    with pytest.raises(FetchError, match="PIP_INDEX_URL"):
        frontend.fetch(tmp_path, [tiny], say=lambda _: None)
    with pytest.raises(FetchError, match="npm_config_registry"):
        frontend.pack(tiny, npm, tmp_path)


def test_the_server_starts_without_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(**_: object) -> None:
        raise FetchError("no network")

    said: list[str] = []
    monkeypatch.setattr(frontend, "fetch", fails)

    assert frontend.ensure(said.append) is False
    assert "no network" in said[0]
