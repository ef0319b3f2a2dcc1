"""`yishiting run`: everything made ready, then served until told to stop."""

from __future__ import annotations

import asyncio
import errno
import gc
import signal
import socket
from typing import Annotated

import typer
from aiohttp import web

from bot import app
from bot.cli.opening import database_file, migrated, stop
from bot.operations import frontend, logs
from bot.operations.configuration import read_settings
from bot.operations.file_lock import Taken, held
from bot.storage import empty_log
from config.settings import Settings

#: How long a request under way may take to end once the process was told to stop, in seconds.
LAST_SECONDS = 5.0


def run(workers: Annotated[int, typer.Option(min=1, help="进程数；SQLite 只能是 1。")] = 1) -> None:
    """启动服务：建表、空库载入演示社区、在 http://127.0.0.1:8080 提供页面。"""
    settings = read_settings()
    database = database_file(settings)
    if workers > 1:
        raise stop(
            "SQLite 只能有一个进程写入，请用 --workers 1；多进程要等支持 PostgreSQL 的后续版本。 / SQLite has one process only.",
            2,
        )
    logs.configure()
    try:
        with held(database):
            listening = _listen(settings)
            _prepare(settings)
            if settings.port == 0:
                settings = settings.model_copy(update={"port": listening.getsockname()[1]})
            asyncio.run(serve(settings, listening))
            # So that whoever copies the one file has everything.
            empty_log(database)
    except PermissionError as error:
        raise stop(
            f"{error.filename or settings.home} 不能写。请让运行议事厅的用户拥有它，或换一个 YISHITING_HOME。 / not writable",
            1,
        ) from None
    except Taken as other:
        raise stop(
            f"数据库 {database} 正由另一个议事厅进程使用（进程号 {other.owner or '未知'}）。一个 SQLite 文件同时只能有一个。 / already being served",
            1,
        ) from None


def _listen(settings: Settings) -> socket.socket:
    """The socket, taken before anything is changed."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, kind, protocol)
    except OSError as error:
        raise stop(f"YISHITING_HOST={settings.host}：不能用这个地址（{error}）。", 1) from None
    try:
        if hasattr(socket, "SO_EXCLUSIVEADDRUSE"):
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
    except OSError as error:
        listening.close()
        if error.errno == errno.EADDRINUSE:
            raise stop(
                f"端口 {settings.port} 已被占用。换一个：YISHITING_PORT={settings.port + 1}。 / port {settings.port} is in use",
                1,
            ) from None
        raise stop(f"不能在 {settings.host}:{settings.port} 上提供服务（{error.strerror}）。", 1) from None
    return listening


def _prepare(settings: Settings) -> None:
    """Front-end files, tables, and the demo community where there is nothing yet."""
    frontend.ensure()
    migrated(settings)
    if not settings.demo:
        return
    # It brings the reader of spreadsheets along, which costs time and memory.
    from bot.roster import load_demo  # noqa: PLC0415

    if load_demo(settings):
        typer.echo("数据库是空的：已载入演示社区（YISHITING_DEMO=0 则不载入）。 / demo community loaded")


async def serve(settings: Settings, listening: socket.socket) -> None:
    """Serve until SIGTERM or Ctrl-C. No access log: the paths of followed issues and ballots are secrets."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        try:
            loop.add_signal_handler(number, stop.set)
        except NotImplementedError:
            # Windows has no handlers on the loop.
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop.set))
    runner = web.AppRunner(
        app.application(app.build(settings)), access_log=None, shutdown_timeout=LAST_SECONDS
    )
    await runner.setup()
    try:
        await web.SockSite(runner, listening).start()
        # The lexicon and the roster stay for good: the collector need not walk them again and again.
        gc.collect()
        gc.freeze()
        typer.echo(welcome(settings))
        await stop.wait()
        typer.echo("正在停止…… / stopping")
    finally:
        await runner.cleanup()


def welcome(settings: Settings) -> str:
    """Where it listens and who may see the sandbox."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    here = f"http://{'127.0.0.1' if host in ('0.0.0.0', '[::]') else host}:{settings.port}"  # noqa: S104 - compared, not bound
    lines = [f"议事厅已启动 / listening on {here}", f"  公示页 / board    {here}/"]
    if settings.sandbox_on:
        who = (
            "任何能访问本机的人都可以以任何人的身份发言 / open to every machine"
            if settings.sandbox_open
            else "只应答本机，YISHITING_SANDBOX_OPEN=1 放开 / this machine only"
        )
        lines.append(f"  沙盒   / sandbox  {here}/sandbox（{who}）")
    return "\n".join([*lines, "  停止   / stop     Ctrl-C"])
