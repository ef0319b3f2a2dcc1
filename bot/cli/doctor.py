"""`yishiting doctor`."""

from __future__ import annotations

import typer

from bot.operations.doctor import examine
from bot.operations.finding import Verdict


def doctor() -> None:
    """检查配置、数据库、渠道、时钟、字体：一行一项，哪里不对、怎么修。有要修的则退出码为 1。"""
    broken = False
    for finding in examine():
        typer.echo(str(finding))
        broken = broken or finding.verdict is Verdict.MEND
    if broken:
        raise typer.Exit(1)
