"""The printed codes lead to the gate pages, with and without a Chinese font."""

from io import BytesIO
from pathlib import Path
from urllib.parse import quote
from xml.etree import ElementTree as ET

import pytest
from PIL import Image
from typer import Typer
from typer.testing import CliRunner

from bot.cli.qr import file_name, qr
from bot.paper.fonts import chinese_font
from bot.paper.qr import Gate, address, png, svg
from tests.pages.scene import COMMUNITY, ESTATE, scene
from tests.roster.conftest import migrated

GATE = Gate("https://ex.example/r/x", "x", "有事扫码说一声", "金康社区 <金康园小区> 3栋", ("不用登录",))


def run(*arguments: str) -> tuple[int, str]:
    app = Typer()
    app.command()(qr)
    result = CliRunner().invoke(app, list(arguments))
    return result.exit_code, result.output + repr(result.exception)


@pytest.mark.parametrize("kind", ["png", "svg"])
async def test_one_sheet_for_each_building(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    home = migrated(tmp_path / "var").home
    monkeypatch.setenv("YISHITING_HOME", str(home))
    async with scene(home) as pages:
        code, said = run("--community", COMMUNITY, "--out", str(tmp_path / "out"), "--format", kind)

        assert code == 0, said
        names = {file.name for file in (tmp_path / "out").iterdir()}
        assert names == {
            f"{COMMUNITY}-{place}.{kind}" for place in ("全社区", *(f"{ESTATE}{n}栋" for n in (1, 2, 3, 12)))
        }
        assert (await pages.client.get(address("", COMMUNITY, ESTATE, "3"))).status == 200


async def test_an_unknown_community_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = migrated(tmp_path / "var").home
    monkeypatch.setenv("YISHITING_HOME", str(home))
    async with scene(home):
        code, said = run("--community", "没有", "--out", str(tmp_path / "out"))

    assert code == 1
    assert COMMUNITY in said
    assert not (tmp_path / "out").exists()


def test_an_address_holds_any_name() -> None:
    assert address("https://x.example/", "金康社区") == f"https://x.example/r/{quote('金康社区')}"
    assert address("https://x.example", "a/b", "c?d", "3#") == "https://x.example/r/a%2Fb/c%3Fd/3%23"
    assert file_name("a/b", "..", "c:d") == "a_b-_-c_d"


def test_without_a_font_the_code_stands_alone() -> None:
    bare, full = Image.open(BytesIO(png(GATE, None))), Image.open(BytesIO(png(GATE, chinese_font())))

    assert bare.size == full.size == (1240, 1748)
    assert bare.getextrema() == (0, 255)
    # The caption's strip is empty without a font.
    assert bare.crop((0, 0, 1240, 250)).getextrema() == (255, 255)
    assert full.crop((0, 0, 1240, 250)).getextrema() == (0, 255) or chinese_font() is None


def test_a_drawing_is_well_formed() -> None:
    tree = ET.fromstring(svg(GATE))

    texts = [node.text for node in tree.iter("{http://www.w3.org/2000/svg}text")]
    assert texts == [GATE.title, GATE.place, *GATE.foot]
    assert list(tree.iter("{http://www.w3.org/2000/svg}path"))
