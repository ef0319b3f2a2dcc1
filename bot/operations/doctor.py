"""What is wrong with an installation and how to mend it, one line each. Looks only; changes nothing."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from bot.channels import CHANNELS
from bot.operations import frontend
from bot.operations.configuration import BAD, complaints, read_settings, suspicions
from bot.operations.file_lock import serving
from bot.operations.finding import Finding, Verdict
from bot.paper.fonts import chinese_font
from bot.storage import BROKEN, file_of, migrate, parse_url, quick_check, reason, sync_engine
from config.settings import Settings
from models.base import made_at
from models.health import look
from models.messages.tables import Outbox
from models.people.tables import Identity, Person, Post
from models.time import CHINA, calendar_knows

#: Below the first nothing more may fit soon, below the second it is time to look.
DISK_LEAST, DISK_LOW = 200 << 20, 1 << 30
#: A message waiting longer than this is stuck, a clock that is this late stands still.
OUTBOX_LATE, CLOCK_LATE = timedelta(minutes=15), timedelta(minutes=5)
#: Advice that more than one finding ends with.
SET_CLOCK = "打开自动对时（timedatectl set-ntp true）"
RESTORE = "停止服务，把它移走，用 yishiting restore 恢复最近的备份"


def examine() -> Iterator[Finding]:
    """Everything, in an order in which the first trouble explains the later ones."""
    try:
        strange = list(suspicions(os.environ))
        settings = read_settings()
    except BAD as error:
        for line in complaints(error):
            yield Finding("配置", Verdict.MEND, line, "改正后再运行 yishiting doctor")
        return
    yield from configuration(settings, strange)
    yield from database(settings)
    yield from channels(settings)
    yield from calendar(datetime.now(CHINA))
    yield fonts()
    yield front_end()
    yield disk(settings.home)


def configuration(settings: Settings, strange: list[str]) -> Iterator[Finding]:
    """Settings that are allowed and still unwise."""
    for line in strange:
        yield Finding("配置", Verdict.NOTE, line)
    if not settings.public_url:
        yield Finding(
            "网址",
            Verdict.NOTE,
            f"链接和二维码指向 {settings.url}，居民打不开",
            "把 YISHITING_PUBLIC_URL 设为居民能打开的网址",
        )
    elif not settings.public_url.startswith("https://"):
        yield Finding(
            "网址", Verdict.NOTE, f"{settings.public_url} 不是 https", "请在前面加一个带证书的反向代理"
        )
    yield Finding("配置", Verdict.GOOD, f"数据在 {settings.home.resolve()}，端口 {settings.port}")


def database(settings: Settings) -> Iterator[Finding]:
    """Reachable, whole, at the newest tables; what waits in it; who can be reached."""
    try:
        url = parse_url(settings.database_url)
    except Exception as error:  # noqa: BLE001 - SQLAlchemy and drivers raise what they like for a bad URL
        yield Finding("数据库", Verdict.MEND, f"YISHITING_DATABASE：{error}")
        return
    file = file_of(url)
    if file is None:
        yield Finding("数据库", Verdict.MEND, "这一版只支持 SQLite", "去掉 YISHITING_DATABASE")
        return
    if not file.is_file():
        yield Finding(
            "数据库", Verdict.NOTE, f"还没有：{file}", "yishiting run 会建立；数据在别处就设 YISHITING_HOME"
        )
        return
    if not os.access(file, os.W_OK) or not os.access(file.parent, os.W_OK):
        yield Finding("数据库", Verdict.MEND, f"{file} 不能写", f"让运行议事厅的用户拥有 {file.parent}")
        return
    try:
        yield from _inside(settings, file)
    except BROKEN as error:
        yield Finding(
            "数据库",
            Verdict.MEND,
            f"{file} 打不开或已损坏（{reason(error)}）",
            RESTORE,
        )


def _inside(settings: Settings, file: Path) -> Iterator[Finding]:
    if (found := quick_check(file)) != "ok":
        yield Finding(
            "数据库",
            Verdict.MEND,
            f"完整性检查没有通过（{found}）",
            RESTORE,
        )
        return
    engine = sync_engine(parse_url(settings.database_url), begin="BEGIN")
    try:
        with engine.connect() as connected:
            at, newest = migrate.current(connected), migrate.head()
            if at != newest:
                yield Finding(
                    "数据库",
                    Verdict.NOTE,
                    f"表结构是 {at or '空'}，最新是 {newest}",
                    "下次 yishiting run 会自动更新；之前先 yishiting backup",
                )
                return
            yield Finding(
                "数据库",
                Verdict.GOOD,
                f"完整，表结构 {at}，{file.stat().st_size >> 20} MB，{'正在服务' if serving(file) else '没有在服务'}",
            )
            with Session(connected) as session:
                yield from rows(session, settings, datetime.now(UTC), running=serving(file))
    finally:
        engine.dispose()


def rows(session: Session, settings: Settings, now: datetime, *, running: bool) -> Iterator[Finding]:
    """What the rows tell of the clock, the outbox and the officers."""
    last = session.scalar(select(func.max(Outbox.id)))
    if last is not None and made_at(last) > now + timedelta(minutes=5):
        yield Finding(
            "时钟",
            Verdict.MEND,
            f"系统时间 {now.astimezone(CHINA):%Y-%m-%d %H:%M} 早于最近一条消息",
            SET_CLOCK,
        )
    health = look(session, now, now)
    if health.outbox_age > OUTBOX_LATE:
        minutes = health.outbox_age // timedelta(minutes=1)
        mend = "看平台是否掉线、账号是否被限制" if running else "启动服务后会继续发送"
        yield Finding(
            "发送", Verdict.MEND, f"{health.outbox_pending} 条消息没有送到，最久的等了 {minutes} 分钟", mend
        )
    else:
        yield Finding("发送", Verdict.GOOD, f"{health.outbox_pending} 条消息在等")
    if running and not settings.sandbox_on and health.clock_lag > CLOCK_LATE:
        minutes = health.clock_lag // timedelta(minutes=1)
        yield Finding(
            "期限",
            Verdict.MEND,
            f"最早到期的事晚了 {minutes} 分钟",
            "看日志里的「a due step failed」，重启服务",
        )
    if settings.sections:
        yield officers(session, settings.sections, now)


def officers(session: Session, channels: Collection[str], now: datetime) -> Finding:
    """Whoever holds a post and has no account on a running channel gets no tasks."""
    reachable = select(Identity.person_id).where(
        Identity.channel.in_(channels), Identity.person_id.is_not(None)
    )
    valid = (or_(Post.since.is_(None), Post.since <= now), or_(Post.until.is_(None), Post.until > now))
    query = (
        select(Person.key, Person.name)
        .join(Post, Post.person_id == Person.id)
        .where(*valid, Person.retired_at.is_(None), Person.id.not_in(reachable))
        .distinct()
    )
    silent = list(session.execute(query.order_by(Person.key)).tuples())
    if not silent:
        return Finding("工作人员", Verdict.GOOD, "都有账号，收得到任务")
    some = "、".join(f"{name}({key})" for key, name in silent[:5]) + ("等" if len(silent) > 5 else "")
    return Finding(
        "工作人员",
        Verdict.MEND,
        f"{len(silent)} 人没有账号，收不到任务：{some}",
        "请他们私聊机器人说「我是 3栋2单元501 姓名」并确认",
    )


def channels(settings: Settings) -> Iterator[Finding]:
    """Which platforms are connected, and their credentials."""
    if not settings.sections:
        yield Finding(
            "渠道",
            Verdict.NOTE,
            "没有接入聊天平台，只有扫码页" + ("和沙盒" if settings.sandbox_on else ""),
            "；".join(channel.connect for channel in CHANNELS if channel.connect),
        )
    for channel in CHANNELS:
        if channel.on(settings):
            yield from channel.examine(settings)


def calendar(now: datetime) -> Iterator[Finding]:
    """The system's time, and the holidays by which working days are counted."""
    if not 2025 <= now.year < 2100:
        yield Finding(
            "时钟",
            Verdict.MEND,
            f"系统时间是 {now:%Y-%m-%d %H:%M}",
            SET_CLOCK,
        )
        return
    yield Finding("时钟", Verdict.GOOD, f"{now:%Y-%m-%d %H:%M}（北京时间）")
    update = "pip install -U chinesecalendar（国务院办公厅每年 11 月前后公布下一年的安排）"
    for year, verdict in ((now.year, Verdict.MEND), (now.year + 1, Verdict.NOTE)):
        if calendar_knows(year):
            yield Finding("节假日", Verdict.GOOD, f"{year} 年的安排已知")
        else:
            yield Finding("节假日", verdict, f"不知道 {year} 年的安排，只按周一到周五算工作日", update)


def fonts() -> Finding:
    """A font with Chinese letters, for posters and the sheets with QR codes."""
    font = chinese_font()
    if font is None:
        return Finding(
            "字体",
            Verdict.MEND,
            "没有中文字体，海报和二维码上没有文字",
            "Debian、Ubuntu：apt install fonts-noto-cjk",
        )
    return Finding("字体", Verdict.GOOD, str(font))


def front_end() -> Finding:
    """What the pages borrow from npm."""
    missing = frontend.missing()
    if missing:
        return Finding(
            "网页文件",
            Verdict.MEND,
            f"缺 {'、'.join(package.name for package in missing)}，页面没有样式",
            "联网后运行 python -m bot.operations.frontend；镜像设 npm_config_registry",
        )
    return Finding("网页文件", Verdict.GOOD, "齐全")


def disk(home: Path) -> Finding:
    """Room for the database and its photos."""
    there = next(folder for folder in (home.resolve(), *home.resolve().parents) if folder.is_dir())
    free = shutil.disk_usage(there).free
    found = f"{there} 所在的盘还有 {free >> 20} MB"
    if free < DISK_LEAST:
        return Finding("磁盘", Verdict.MEND, found, "快满了：满了就不能再收诉求。清理或换大一点的盘")
    return Finding("磁盘", Verdict.NOTE if free < DISK_LOW else Verdict.GOOD, found)
