"""Everything of one community as CSV and JSON, table by table, with its photos and its public record."""

from __future__ import annotations

import csv
import json
import shutil
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, MappingResult, Table, or_, select
from sqlalchemy.orm import Session

from bot.storage import photos
from models.base import Base, referring
from models.issues.tables import Photo
from models.messages.tables import Inbox, Outbox, Wait
from models.people.tables import Absence, Identity, Person, Post
from models.places.tables import Community, District, Street
from models.record.public import chain, ledger_head
from models.record.rules import GENESIS
from models.things.tables import Numbered, Thing

#: Facts of the installation, of no community.
LEFT_OUT = frozenset({"facts"})
#: A cell that begins like this is a formula to a spreadsheet program, the full-width forms too where Chinese
#: is set.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def export(session: Session, community: Community, home: Path, out: Path) -> dict[str, int]:
    """Write one CSV and one JSON a table into `out`, and return how many rows each has. `session` should be
    one snapshot."""
    out.mkdir(parents=True, exist_ok=True)
    community_id, counts = community.id, {}
    for table in Base.metadata.sorted_tables:
        if table.name not in LEFT_OUT:
            counts[table.name] = _write(out, table, _rows(session, table, community_id))
    end = ledger_head(session, community_id)
    head = {"seq": end.seq, "hash": end.hash} if end else {"seq": 0, "hash": GENESIS}
    record = {"community": community.name, "head": head, "entries": chain(session, community_id)}
    (out / "ledger.json").write_text(json.dumps(record, ensure_ascii=False, indent=1), encoding="utf-8")
    counts["照片"] = _copy_photos(session, community_id, home, out / "photos")
    return counts


def _write(out: Path, table: Table, rows: MappingResult) -> int:
    columns, plain = list(rows.keys()), []
    with (out / f"{table.name}.csv").open("w", encoding="utf-8-sig", newline="") as file:
        sheet = csv.writer(file)
        sheet.writerow(columns)
        for row in rows:
            plain.append({column: _json(row[column]) for column in columns})
            sheet.writerow([cell(row[column]) for column in columns])
    (out / f"{table.name}.json").write_text(json.dumps(plain, ensure_ascii=False, indent=1), encoding="utf-8")
    return len(plain)


def cell(value: Any) -> str:
    """A value as a spreadsheet may read it: text that would start a formula is made text by an apostrophe."""
    if value is None:
        return ""
    value = _json(value)
    if isinstance(value, bool) or not isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return f"'{value}" if value.startswith(_FORMULA) else value


def _json(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return value.value if isinstance(value, Enum) else value


def _rows(session: Session, table: Table, community_id: int) -> MappingResult:
    own = _belonging(community_id).get(table.name)
    if own is None:
        own = table.c.community_id == community_id
    query = select(table).where(own).order_by(*table.primary_key.columns)
    if any(kind.__table__ is table for kind in Numbered.classes.values()):
        # Its number is what people know a thing by.
        query = query.add_columns(Thing.number).join(Thing, Thing.id == table.c.id)
    return session.execute(query).mappings()


def _belonging(community: int) -> dict[str, ColumnElement[bool]]:
    """Which rows of the tables without a `community_id`, or with an empty one, belong to a community."""
    street = select(Community.street_id).where(Community.id == community)
    people = or_(
        Person.community_id == community,
        Person.id.in_(
            select(Post.person_id).where(or_(Post.community_id == community, Post.community_id.is_(None)))
        ),
    )
    person_ids = select(Person.id).where(people)
    rows = [(key.parent, key.parent.table.c.get("community_id")) for key in referring("identities")]
    speaking = [select(account).where(of == community) for account, of in rows if of is not None]
    accounts = or_(Identity.person_id.in_(person_ids), *(Identity.id.in_(some) for some in speaking))
    return {
        "communities": Community.id == community,
        "streets": Street.id.in_(street),
        "districts": District.id.in_(select(Street.district_id).where(Street.id.in_(street))),
        "people": people,
        # A street or department may serve the whole installation.
        "posts": or_(Post.community_id == community, Post.community_id.is_(None)),
        "absences": Absence.person_id.in_(person_ids),
        "identities": accounts,
        "waits": Wait.identity_id.in_(select(Identity.id).where(accounts)),
        "inbox": Inbox.id.in_(select(Outbox.turn_id).where(Outbox.community_id == community)),
    }


def _copy_photos(session: Session, community_id: int, home: Path, out: Path) -> int:
    count = 0
    for digest in session.scalars(select(Photo.digest).where(Photo.community_id == community_id).distinct()):
        file = photos.path(home, digest)
        if file.is_file():
            out.mkdir(exist_ok=True)
            shutil.copyfile(file, out / file.name)
            count += 1
    return count
