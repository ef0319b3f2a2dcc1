"""`yishiting erase`: 删除我的数据 for somebody who asks at the office instead of in a chat."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from bot.cli.opening import database_file, opened, stop
from bot.operations.configuration import read_settings
from bot.storage import empty_log, photos
from models.people.privacy import accounts_of
from models.privacy import erase as erase_retention


def erase(
    person: Annotated[str, typer.Option("--person", help="名册上的编号。")],
    yes: Annotated[bool, typer.Option("--yes", help="不再询问。")] = False,
) -> None:
    """删除一个人留下的话、照片和账号；诉求、评分和公示链仍然计数，名册不动。"""
    settings = read_settings()
    with opened(settings) as session:
        accounts = accounts_of(session, person)
    if not accounts:
        raise stop(f"名册编号 {person} 没有在任何渠道用过账号，没有可删的内容。 / nothing known of this key")
    if not yes and not typer.confirm(f"确定删除 {person} 的 {len(accounts)} 个账号及其内容？不能恢复"):
        raise typer.Exit(1)
    with opened(settings, write=True) as session:
        gone = erase_retention(session, accounts, datetime.now(UTC))
    for digest in gone.digests:
        photos.remove(settings.home, digest)
    empty_log(database_file(settings))
    typer.echo(
        f"已删除：诉求原话 {gone.issues} 条，附议 {gone.backings} 条，消息 {gone.messages} 条，照片 {len(gone.digests)} 张，登记申请 {gone.claims} 条。"
    )
    typer.echo("以前的备份里可能还有，请按期销毁旧备份。")
