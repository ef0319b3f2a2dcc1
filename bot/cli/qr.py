"""`yishiting qr`: the gates' codes as files to print, one a building."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.cli.opening import community_named, opened
from bot.operations.configuration import read_settings
from bot.paper.fonts import chinese_font
from bot.paper.qr import Gate, address, write_all
from bot.turns.texts import Texts
from models.places.rules import building_name
from models.places.tables import Building, Community, Estate


class Format(StrEnum):
    """What printers and print shops take."""

    PNG = "png"
    SVG = "svg"


def qr(
    community: Annotated[str, typer.Option(help="社区名称，与名册一致。")],
    out: Annotated[Path, typer.Option(help="写到哪个文件夹。", file_okay=False)],
    format_: Annotated[Format, typer.Option("--format", help="png（A6，300 dpi）或 svg。")] = Format.PNG,
) -> None:
    """做扫码报修的二维码：每栋一张，全社区一张。"""
    console = Console()
    settings = read_settings()
    with opened(settings) as session:
        gates = list(gates_of(session, community_named(session, community), settings.url))
    font = chinese_font()
    if font is None and format_ is Format.PNG:
        console.print(
            "[yellow]这台机器没有中文字体，图片上只有二维码，没有说明文字。[/yellow]装上字体（Debian：apt install fonts-noto-cjk）再做一次，或用 --format svg。"
        )
    if settings.loopback and not settings.public_url:
        console.print(
            f"[yellow]二维码指向 {settings.url}，只有本机打得开。[/yellow]正式张贴前请设 YISHITING_PUBLIC_URL 为居民能打开的网址。"
        )
    files = list(write_all(gates, out, kind=format_.value, font=font))
    console.print(f"写好 {len(files)} 张：{out}")


def gates_of(session: Session, community: Community, base: str) -> Iterator[Gate]:
    """One sheet for the community and one for each of its buildings."""
    texts, name = Texts(), community.name
    title, whole = texts.text("pages/qr_title"), texts.text("pages/qr_whole")
    foot = (texts.text("pages/qr_foot"), texts.text("pages/qr_foot_emergency"))
    yield Gate(address(base, name), file_name(name, whole), title, name, foot)
    rows = (
        select(Estate.name, Building.name)
        .join(Estate, Building.estate_id == Estate.id)
        .where(
            Building.community_id == community.id, Building.retired_at.is_(None), Estate.retired_at.is_(None)
        )
    )
    for estate, building in sorted(session.execute(rows), key=lambda row: (row[0], len(row[1]), row[1])):
        place = f"{estate}{building_name(building)}"
        yield Gate(
            address(base, name, estate, building), file_name(name, place), title, f"{name} {place}", foot
        )


def file_name(*parts: str) -> str:
    """A name for a file on any system."""
    return re.sub(r'[\\/:*?"<>|\s.]+', "_", "-".join(parts)).strip("_") or "qr"
