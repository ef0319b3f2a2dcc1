"""Carrying a plan out: a few statements of many rows each, inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Sized
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, case, insert, select, update

from models.base import Fact
from models.people.find.directory import REVISION

from .files import Tick
from .plan import Changes, Plan, chunks

#: Rows a statement.
MANY = 2000


def write(
    connection: Connection, plan: Plan, now: datetime, *, retire: bool, tick: Tick | None = None
) -> None:
    """Write everything; what vanished is retired only if `retire`. The caller's transaction makes it all or
    nothing."""
    for sheet, changes in plan.sheets.items():
        columns = changes.table.c
        for rows in chunks(changes.added, MANY):
            connection.execute(insert(changes.table), rows)
            _told(tick, rows)
        change = (
            update(changes.table)
            .where(columns.id == bindparam("b_id"))
            .values({name: bindparam(f"b_{name}") for name in changes.columns})
        )
        for rows in chunks(changes.changed, MANY):
            connection.execute(
                change, [{f"b_{name}": row[name] for name in ("id", *changes.columns)} for row in rows]
            )
            _told(tick, rows)
        if retire:
            for ids in chunks(changes.retired, MANY):
                connection.execute(_retirement(sheet, changes, now), [{"b_id": id_} for id_ in ids])
                _told(tick, ids)
    if plan.changes or (retire and plan.retires):
        _raise_revision(connection)


def _retirement(sheet: str, changes: Changes, now: datetime) -> Any:
    columns = changes.table.c
    # A post that had not begun yet ends when it would have begun.
    value = (
        {"until": case((columns.since > now, columns.since), else_=now)}
        if sheet == "posts"
        else {"retired_at": now}
    )
    return update(changes.table).where(columns.id == bindparam("b_id")).values(value)


def revision(connection: Connection) -> str:
    """The roster's revision as this transaction sees it."""
    return connection.scalar(select(Fact.value).where(Fact.key == REVISION)) or "0"


def _raise_revision(connection: Connection) -> None:
    before = revision(connection)
    if before == "0":
        connection.execute(insert(Fact), {"key": REVISION, "value": "1"})
    else:
        connection.execute(update(Fact).where(Fact.key == REVISION).values(value=str(int(before) + 1)))


def _told(tick: Tick | None, rows: Sized) -> None:
    if tick:
        tick(len(rows))
