"""The QR codes for the gates: one sheet a building, to print and put up where people wait."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from urllib.parse import quote
from xml.sax.saxutils import escape

import segno
from PIL import Image, ImageDraw, ImageFont

#: A6 upright at 300 dots an inch, and its proportions for SVG in millimetres.
WIDTH, HEIGHT = 1240, 1748
WIDTH_MM, HEIGHT_MM = 105, 148
CODE = 1000


@dataclass(frozen=True, slots=True)
class Gate:
    """One sheet: where the code leads and what stands around it."""

    address: str
    #: File name without ending.
    name: str
    #: The large line above the code: what to do.
    title: str
    #: The place, below the code.
    place: str
    #: Small lines at the foot.
    foot: tuple[str, ...] = ()


def address(base: str, community: str, estate: str | None = None, building: str | None = None) -> str:
    """The gate page's address; names are percent-encoded."""
    parts = [community] if estate is None or building is None else [community, estate, building]
    return base.rstrip("/") + "/r/" + "/".join(quote(part, safe="") for part in parts)


def write_all(
    gates: Iterable[Gate], folder: Path, *, kind: str = "png", font: Path | None = None
) -> Iterator[Path]:
    """Write each sheet and yield its file. Without a font a PNG carries the code alone."""
    folder.mkdir(parents=True, exist_ok=True)
    for gate in gates:
        file = folder / f"{gate.name}.{kind}"
        file.write_bytes(png(gate, font) if kind == "png" else svg(gate).encode())
        yield file


def _code(gate: Gate) -> segno.QRCode:
    # M survives a scratch and some glare and still leaves the modules large.
    return segno.make(gate.address, error="m", micro=False)


def png(gate: Gate, font: Path | None) -> bytes:
    """The sheet as a picture, 300 dots an inch."""
    sheet = Image.new("L", (WIDTH, HEIGHT), 255)
    draw = ImageDraw.Draw(sheet)
    modules, _ = _code(gate).symbol_size(border=4)
    raw = BytesIO()
    _code(gate).save(raw, kind="png", scale=max(1, CODE // modules), border=4)
    code = Image.open(raw).convert("L")
    top = 300 if font else (HEIGHT - code.height) // 2
    sheet.paste(code, ((WIDTH - code.width) // 2, top))
    if font:
        _line(draw, font, gate.title, 130, 120)
        bottom = top + code.height + 30
        _line(draw, font, gate.place, bottom, 92)
        for n, words in enumerate(gate.foot):
            _line(draw, font, words, bottom + 150 + n * 74, 50)
    out = BytesIO()
    sheet.save(out, "PNG", dpi=(300, 300), optimize=True)
    return out.getvalue()


def _line(draw: ImageDraw.ImageDraw, font: Path, words: str, top: int, size: int) -> None:
    """One centred line, made smaller until it fits the sheet."""
    letters = ImageFont.truetype(font, size)
    while size > 24 and draw.textlength(words, letters) > WIDTH - 120:
        size -= 2
        letters = ImageFont.truetype(font, size)
    draw.text((WIDTH / 2, top), words, fill=0, font=letters, anchor="ma")


def svg(gate: Gate) -> str:
    """The sheet as a drawing; its letters are set by whatever font the printing machine has."""
    code = _code(gate)
    modules, _ = code.symbol_size(border=4)
    scale = 84 / modules
    # Only the drawing inside segno's own <svg> is taken.
    inner = code.svg_inline(scale=1, border=4, svgclass=None, lineclass=None, omitsize=True)
    inner = inner[inner.index(">") + 1 : inner.rindex("</svg>")]
    lines = [
        (20, 9, gate.title),
        (117, 7, gate.place),
        *((127 + n * 6, 4, words) for n, words in enumerate(gate.foot)),
    ]
    texts = "".join(
        f'<text x="{WIDTH_MM / 2}" y="{y}" font-size="{_fitting(size, words):g}" text-anchor="middle">{escape(words)}</text>'
        for y, size, words in lines
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH_MM}mm" height="{HEIGHT_MM}mm" viewBox="0 0 {WIDTH_MM} {HEIGHT_MM}">'
        f'<rect width="100%" height="100%" fill="#fff"/><g transform="translate({(WIDTH_MM - 84) / 2} 24) scale({scale:.5f})">{inner}</g>'
        f'<g font-family="Noto Sans CJK SC, PingFang SC, Microsoft YaHei, sans-serif" fill="#000">{texts}</g></svg>\n'
    )


def _fitting(size: float, words: str) -> float:
    """A font size in millimetres at which the line is no wider than the sheet (a Chinese letter is as wide as
    high)."""
    width = sum(1.0 if ord(letter) > 0x2E80 else 0.6 for letter in words)
    return min(size, (WIDTH_MM - 10) / max(width, 1))
