"""A long history for the roster's community: issues with all the rows they leave, most closed, some thousand
live. `python -m tests.bench.preload URL COUNT`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert, select

from bot.storage import parse_url, sync_engine
from models.base import Base, new_id
from models.issues.rules import ISSUE, Due, Status, Urgency, words_hash
from models.issues.tables import Assignment, Endorsement, Issue, IssueEvent
from models.messages.rules import Delivery
from models.messages.tables import Inbox, Outbox
from models.people.rules import Role
from models.people.tables import Chat, Identity, Person, Post
from models.places.tables import Building, Community, Counter, Household
from models.record.rules import GENESIS, entry_hash, payload_hash, stamp
from models.record.tables import LedgerHead, Notice
from models.things.rules import SERIES
from models.things.tables import Deadline, Thing
from tests.bench.lines import TROUBLES

CATEGORIES = (
    "leak_drainage",
    "water_power_gas",
    "noise",
    "sanitation",
    "public_facilities",
    "greening",
    "fire_safety",
    "parking_traffic",
    "elevator",
    "other",
)
LIVE, CHUNK = 5_000, 2_000
#: Delivered messages are kept a week; of this size of community that is about the last so many issues.
TALKED_OF = 5_000
END = datetime(2026, 11, 22, 10, tzinfo=UTC)

Rows = dict[type[Base], list[dict[str, Any]]]


class Town:
    """What the history refers to."""

    def __init__(self, connection: Connection) -> None:
        self.community: int = connection.execute(select(Community.id)).scalar_one()
        self.chat: int = (
            connection.execute(select(Chat.id).where(Chat.building_id.is_(None))).scalars().all()[0]
        )
        self.buildings: Sequence[Any] = connection.execute(
            select(Building.id, Building.estate_id, Building.name)
        ).all()
        captains = connection.execute(
            select(Post.building_id, Post.person_id).where(Post.role == Role.CAPTAIN)
        ).all()
        self.captains = {building: person for building, person in captains if building is not None}
        self.people: Sequence[Any] = connection.execute(
            select(Person.id, Person.key).join(Household, Person.household_id == Household.id)
        ).all()
        self.identities = [new_id() for _ in self.people]


def history(town: Town, count: int) -> Iterator[Rows]:
    """The rows, some thousand issues at a time."""
    head, seq = GENESIS, 0
    for first in range(0, count, CHUNK):
        rows: Rows = {
            kind: []
            for kind in (Thing, Issue, Endorsement, Assignment, IssueEvent, Deadline, Notice, Inbox, Outbox)
        }
        for place in range(first, min(count, first + CHUNK)):
            live = place >= count - LIVE
            issue = _issue(town, rows, place, count, live)
            if not live:
                seq += 1
                head = _notice(rows, issue, seq, head)
        if not rows[Notice]:
            del rows[Notice]
        yield rows
    yield {
        LedgerHead: [{"community_id": town.community, "seq": seq, "hash": head}],
        Counter: [{"community_id": town.community, "series": SERIES, "value": count}],
    }


def _issue(town: Town, rows: Rows, place: int, count: int, live: bool) -> dict[str, Any]:
    building = town.buildings[place % len(town.buildings)]
    captain = town.captains[building.id]
    reporter = town.identities[place * 7 % len(town.identities)]
    opened = END - timedelta(minutes=2 * (count - place))
    accepted = not live or place % 2 == 0
    status = Status.CLOSED if not live else Status.ACCEPTED if accepted else Status.OPEN
    category = CATEGORIES[place // len(town.buildings) % len(CATEGORIES)]
    common = {"community_id": town.community, "issue_id": new_id()}
    text = f"{building.name}栋{place % 4 + 1}单元9{place % 997:03}室 {TROUBLES[place % len(TROUBLES)]}"
    issue = {
        "id": common["issue_id"],
        "community_id": town.community,
        "status": status,
        "category": category,
        "urgency": Urgency.ORDINARY,
        "level": 2,
        "sensitive": False,
        "hidden": False,
        "estate_id": building.estate_id,
        "building_id": building.id,
        "unit": str(place % 4 + 1),
        "room": f"9{place % 997:03}",
        "spot": None,
        "text": text,
        "words_hash": words_hash(text),
        "reporter_id": reporter,
        "chat_id": town.chat,
        "against": "",
        "why": ["下水道", "堵了", "3栋"],
        "opened_at": opened,
        "changed_at": opened + timedelta(hours=30),
    }
    rows[Issue].append(issue)
    thing = {"id": issue["id"], "community_id": town.community, "number": place + 1, "kind": ISSUE}
    rows[Thing].append(thing)
    rated = (
        {"score": place % 5 + 1, "rated_at": opened + timedelta(hours=31)}
        if not live
        else {"score": None, "rated_at": None}
    )
    rows[Endorsement].append(
        {
            "id": new_id(),
            **common,
            "identity_id": reporter,
            "first": True,
            "at": opened,
            "text": text,
            "message_id": f"old{place}",
            **rated,
        }
    )
    task = {
        "id": new_id(),
        **common,
        "person_id": captain,
        "role": Role.CAPTAIN,
        "department": "",
        "holder": True,
        "given_at": opened,
        "why": {"role": "captain"},
    }
    rows[Assignment].append(
        task
        | {
            "accepted_at": opened + timedelta(hours=1) if accepted else None,
            "ended_at": None if live else opened + timedelta(hours=30),
        }
    )
    steps = (
        "opened",
        "given",
        *(("accepted",) if accepted else ()),
        *(() if live else ("resolved", "confirmed", "closed")),
    )
    for hour, what in enumerate(steps):
        by = (
            {"role": Role.CAPTAIN, "person_id": captain}
            if what in ("given", "accepted", "resolved")
            else {"role": None, "person_id": None}
        )
        rows[IssueEvent].append(
            {
                "id": new_id(),
                **common,
                "at": opened + timedelta(hours=hour),
                "what": what,
                "public": {},
                "detail": "",
                **by,
            }
        )
    for what in (Due.ACCEPT, *((Due.RESOLVE,) if accepted else ()), *(() if live else (Due.CONFIRM,))):
        running = live and (what == Due.RESOLVE or not accepted)
        due = END + timedelta(days=300) if running else opened + timedelta(days=2)
        rows[Deadline].append(
            {
                "id": new_id(),
                "community_id": town.community,
                "thing_id": issue["id"],
                "what": what,
                "due_at": due,
                "settled_at": None if running else opened,
                "met": None if running else True,
            }
        )
    if place >= count - TALKED_OF:
        _messages(town, rows, issue, place, opened)
    return issue


def _messages(town: Town, rows: Rows, issue: dict[str, Any], place: int, opened: datetime) -> None:
    heard = new_id()
    rows[Inbox].append({"id": heard, "channel": "sandbox", "message_id": f"old{place}", "at": opened})
    for address in (
        "g-all",
        f"dm:captain{place % 60 + 1}",
        f"dm:{town.people[place % len(town.people)].key}",
    ):
        body = {"text": f"收到，#{place + 1} 已转给楼栋长", "buttons": [], "images": [], "links": []}
        sent = {
            "at": opened,
            "delivery": Delivery.SENT,
            "due_at": opened,
            "sent_at": opened,
            "attempts": 0,
            "last_error": "",
        }
        row = {
            "id": new_id(),
            "community_id": town.community,
            "turn_id": heard,
            "channel": "sandbox",
            "address": address,
            "body": body,
            "about": issue["id"],
        }
        rows[Outbox].append(
            row | sent | {"receipt": f"{1_700_000_000_000_000 + len(rows[Outbox]) + place * 10}"}
        )


def _notice(rows: Rows, issue: dict[str, Any], seq: int, previous: str) -> str:
    payload = {
        "status": "closed",
        "number": seq,
        "title": "3栋 · 漏水排水",
        "category": issue["category"],
        "endorsements": 0,
    }
    salt, at = f"{seq:032x}", issue["changed_at"]
    committed = payload_hash(salt, payload)
    made = entry_hash(previous, seq, "issue_closed", stamp(at), committed)
    known = {
        "id": new_id(),
        "community_id": issue["community_id"],
        "seq": seq,
        "kind": "issue_closed",
        "at": at,
        "thing_id": issue["id"],
    }
    rows[Notice].append(
        known
        | {"salt": salt, "payload": payload, "payload_hash": committed, "previous": previous, "hash": made}
    )
    return made


def load(address: str, count: int) -> int:
    """Write it in one transaction; how many rows."""
    engine = sync_engine(parse_url(address))
    written = 0
    with engine.begin() as connection:
        town = Town(connection)
        known = [
            {
                "id": made,
                "channel": "sandbox",
                "external": person.key,
                "person_id": person.id,
                "ignored": False,
                "seen_at": END,
            }
            for made, person in zip(town.identities, town.people, strict=True)
        ]
        connection.execute(insert(Identity), known)
        for rows in history(town, count):
            for kind, values in rows.items():
                if values:
                    connection.execute(insert(kind), values)
                    written += len(values)
    engine.dispose()
    return written + len(known)


if __name__ == "__main__":
    print(load(sys.argv[1], int(sys.argv[2])))
