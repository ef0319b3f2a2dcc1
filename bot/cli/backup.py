"""`yishiting backup` and `yishiting restore`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from alembic.script import ScriptDirectory

from bot.cli.opening import database_file, migrated, stop
from bot.operations.backup import Place, Unusable, back_up
from bot.operations.backup import restore as unpack
from bot.operations.configuration import read_settings
from bot.operations.file_lock import Taken, held
from bot.operations.release import release
from bot.storage import migrate


def backup(file: Annotated[Path, typer.Argument(help="要写的 .zip 文件，不能已存在。")]) -> None:
    """把数据库、照片和密钥备份成一个文件；运行时也可以做。"""
    settings = read_settings()
    try:
        manifest = back_up(Place(settings.home, database_file(settings)), file, version=release())
    except Unusable as error:
        raise stop(f"没有备份：{error}。") from None
    except OSError as error:
        raise stop(f"没有备份：写不了 {file}（{error.strerror}）。") from None
    photos = sum(name.startswith("photos/") for name in manifest["files"])
    typer.echo(
        f"已备份到 {file}（数据库、{photos} 张照片、密钥，{file.stat().st_size // 1024} KB）。里面有居民的话和密钥，请加密保存。"
    )


def restore(file: Annotated[Path, typer.Argument(help="backup 写出的 .zip 文件。")]) -> None:
    """从备份恢复到空的目录；已有数据时不会覆盖。"""
    settings = read_settings()
    database = database_file(settings)
    scripts = ScriptDirectory.from_config(migrate.alembic_config())
    try:
        with held(database):
            manifest = unpack(
                file,
                Place(settings.home, database),
                known={script.revision for script in scripts.walk_revisions()},
            )
            migrated(settings)
    except Taken:
        raise stop("没有恢复：议事厅正在运行，请先停止。") from None
    except Unusable as error:
        raise stop(f"没有恢复：{error}。") from None
    typer.echo(f"已恢复 {manifest['made_at']} 的备份到 {settings.home}。")
