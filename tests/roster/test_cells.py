"""What a cell may look like and what becomes of it."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.language import parse_place
from bot.roster import Unreadable, cells, read
from bot.roster.problem import BadCell
from models.places.rules import is_owner
from tests.roster.conftest import SMALL, workbook


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("3栋", "3"),
        ("三号楼", "3"),
        ("3幢", "3"),
        ("03", "3"),
        ("3#", "3"),
        ("第十二栋", "12"),
        ("B座", "B"),
        ("b栋", "B"),
        ("12a栋", "12A"),
        ("综合楼", "综合楼"),
        ("14号院", "14号院"),
    ],
)
def test_buildings(written: str, name: str) -> None:
    assert cells.building(written) == name


@given(st.integers(1, 60), st.integers(1, 9), st.integers(101, 3404))
@settings(deadline=None)  # the first example reads the lexicon
def test_the_roster_and_the_residents_mean_the_same_place(building: int, unit: int, room: int) -> None:
    said = parse_place(f"{building}栋{unit}单元{room}室漏水")
    assert (said.building, said.unit, said.room) == (
        cells.building(f"{building}号楼"),
        cells.unit(f"{unit}单元"),
        cells.room(f"{room}室"),
    )


@given(st.integers(1, 9_999_999))
def test_areas_are_exact(hundredths: int) -> None:
    assert cells.area(cells.clean(f"{hundredths // 100}.{hundredths % 100:02d}㎡")) == hundredths


def test_dates() -> None:
    assert (
        cells.day("2026年1月5日")
        == cells.day("2026/1/5")
        == cells.day("20260105")
        == cells.day("2026-01-05 00:00:00")
    )
    assert cells.ends("9999-12-31") is None
    for bad in ("2026-02-30", "0001-01-01", "明天"):
        with pytest.raises(BadCell):
            cells.day(bad)


def test_an_owner_is_found_with_and_without_the_mark() -> None:
    owners = cells.owners(cells.clean("王芳（1234）、李明、李明"))
    assert owners == "李明、王芳(1234)"
    assert is_owner("王芳", owners)
    assert is_owner("王芳(1234)", owners)
    assert not is_owner("王芳(5678)", owners)
    assert not is_owner("", owners)


def test_a_workbook_with_a_damaged_part(tmp_path: Path) -> None:
    whole = workbook(tmp_path / "a.xlsx", SMALL)
    with zipfile.ZipFile(whole) as package:
        at = package.getinfo("xl/workbook.xml").header_offset + 60
    raw = bytearray(whole.read_bytes())
    raw[at : at + 40] = bytes(40)
    whole.write_bytes(raw)
    with pytest.raises(Unreadable):
        read(whole)
