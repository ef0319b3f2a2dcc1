"""`yishiting export`: one community's data, to take along."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bot.cli.opening import community_named, opened, stop
from bot.operations.configuration import read_settings
from bot.operations.export import export as write_out


def export(
    community: Annotated[str, typer.Option(help="社区名，与名册一致。")],
    out: Annotated[Path, typer.Option(help="写入的目录，应为空。", file_okay=False)],
    force: Annotated[bool, typer.Option("--force", help="目录不空也写，覆盖同名文件。")] = False,
) -> None:
    """导出一个社区的全部数据：每张表一个 CSV、一个 JSON，以及公示链和照片。"""
    settings = read_settings()
    if not force and out.is_dir() and any(out.iterdir()):
        raise stop(f"{out} 不是空目录，没有写；换一个目录，或加 --force。")
    with opened(settings) as session:
        found = community_named(session, community)
        try:
            counts = write_out(session, found, settings.home, out)
        except OSError as error:
            raise stop(f"写不了 {out}（{error.strerror}）。") from None
    for name, count in counts.items():
        if count:
            typer.echo(f"  {name} {count}")
    typer.echo(
        f"已导出到 {out}。里面有居民的姓名、电话和原话，请妥善保管；编号以 JSON 为准（表格软件会改写长数字）。"
    )
