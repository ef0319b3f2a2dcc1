"""`yishiting qr`: the gates' codes as files to print, one a building."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.configuration import read_settings
from bot.qr import Gate, address, chinese_font, write_all
from bot.storage import parse_url, sync_engine
from bot.texts import Texts
from models.directory import building_name
from models.places import Building, Community, Estate


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
    engine = sync_engine(parse_url(settings.database_url), begin="BEGIN")
    try:
        with Session(engine) as session:
            gates = gates_of(session, community, settings.url, Texts())
            known = (
                list(session.scalars(select(Community.name).order_by(Community.name)))
                if gates is None
                else []
            )
    finally:
        engine.dispose()
    if gates is None:
        console.print(
            f"[red]没有「{community}」这个社区。[/red]名册里有：{'、'.join(known) or '（空，请先 yishiting import）'}"
        )
        raise typer.Exit(1)
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


def gates_of(session: Session, community: str, base: str, texts: Texts) -> list[Gate] | None:
    """One sheet for the community and one for each of its buildings; None for an unknown community."""
    found = session.scalar(select(Community).where(Community.name == community))
    if found is None:
        return None
    title, foot = (
        texts.text("pages/qr_title"),
        (texts.text("pages/qr_foot"), texts.text("pages/qr_foot_emergency")),
    )
    rows = (
        select(Estate.name, Building.name)
        .join(Estate, Building.estate_id == Estate.id)
        .where(Building.community_id == found.id, Building.retired_at.is_(None), Estate.retired_at.is_(None))
    )
    whole = texts.text("pages/qr_whole")
    gates = [Gate(address(base, community), file_name(community, whole), title, community, foot)]
    for estate, building in sorted(session.execute(rows), key=lambda row: (row[0], len(row[1]), row[1])):
        place = f"{estate}{building_name(building)}"
        gates.append(
            Gate(
                address(base, community, estate, building),
                file_name(community, place),
                title,
                f"{community} {place}",
                foot,
            )
        )
    return gates


def file_name(*parts: str) -> str:
    """A name for a file on any system."""
    return re.sub(r'[\\/:*?"<>|\s.]+', "_", "-".join(parts)).strip("_") or "qr"
