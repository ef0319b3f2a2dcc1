"""What an import would do: its rows against each other and against the database. Only reads; `write` carries
it out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import Any, cast

from sqlalchemy import Connection, Select, Table, select

from models.base import Base, new_id
from models.people.rules import Relation, Role
from models.people.tables import Chat, Person, Post
from models.places.rules import is_owner
from models.places.tables import Building, Community, District, Estate, Grid, Household, Street

from .check import Entry, Roster
from .files import Tick

#: How many values one IN (…) may hold.
CHUNK = 500

Row = dict[str, Any]


@dataclass(slots=True)
class Changes:
    """What happens to one table."""

    table: Table
    #: What an import sets; the rest of a row is left alone.
    columns: tuple[str, ...]
    added: list[Row] = field(default_factory=list)
    changed: list[Row] = field(default_factory=list)
    #: Ids of rows that vanished from the sheet.
    retired: list[int] = field(default_factory=list)
    unchanged: int = 0
    #: How many of `changed` come back from retirement.
    restored: int = 0
    #: A few of each kind to show: (kind, label).
    examples: dict[str, list[str]] = field(
        default_factory=lambda: {"added": [], "changed": [], "restored": [], "retired": []}
    )

    def example(self, kind: str, label: str) -> None:
        """Keep the first few."""
        if len(self.examples[kind]) < 5:
            self.examples[kind].append(label)


@dataclass(slots=True)
class Plan:
    """Everything an import would change, by sheet, and the revision of the roster it was made against."""

    revision: str
    sheets: dict[str, Changes]

    @property
    def changes(self) -> bool:
        """Whether anything would be added or changed."""
        return any(c.added or c.changed for c in self.sheets.values())

    @property
    def retires(self) -> int:
        """How many rows vanished."""
        return sum(len(c.retired) for c in self.sheets.values())


def _changes(model: type[Base], *columns: str) -> Changes:
    return Changes(cast("Table", model.__table__), columns)


class _Places:
    """Names of the tree, from the database and from the import."""

    def __init__(self) -> None:
        self.communities: dict[str, Row] = {}
        self.estates: dict[tuple[int, str], Row] = {}
        self.aliases: dict[tuple[int, str], set[int]] = {}
        self.grids: dict[tuple[int, str], Row] = {}
        self.buildings: dict[tuple[int, str], Row] = {}
        #: (community, building's name) → ids, for rows that leave the estate out.
        self.named: dict[tuple[int, str], set[int]] = {}
        self.households: dict[tuple[int, str, str], Row] = {}
        #: (building, room) → keys, for rows that leave the unit out.
        self.rooms: dict[tuple[int, str], set[tuple[int, str, str]]] = {}


class Planner:
    """Builds a `Plan`; problems it finds are added to the roster's."""

    def __init__(
        self, connection: Connection, roster: Roster, now: datetime, revision: str, tick: Tick | None = None
    ) -> None:
        self.connection, self.roster, self.now, self.tick = connection, roster, now, tick
        self.places = _Places()
        self.people: dict[str, Row] = {}
        self.person_ids: dict[int, Row] = {}
        #: Ids that the import names, in its own rows or as somebody's home or post: they are not retired.
        self.seen: set[int] = set()
        #: Ids that stand on the roster or will after this import.
        self.live: set[int] = set()
        self._own: dict[str, set[int]] = {}
        self.posts_before: list[Row] = []
        self.chats_before: list[Row] = []
        #: Every community of the database, and those that this import speaks of.
        self.in_database: set[int] = set()
        self.mentioned: set[int] = set()
        self.plan = Plan(
            revision,
            {
                "districts": _changes(District, "name"),
                "streets": _changes(Street, "district_id", "name"),
                "communities": _changes(Community, "street_id", "name"),
                "estates": _changes(Estate, "community_id", "name", "aliases", "retired_at"),
                "grids": _changes(Grid, "community_id", "name", "retired_at"),
                "buildings": _changes(Building, "community_id", "estate_id", "grid_id", "name", "retired_at"),
                "households": _changes(
                    Household, "community_id", "building_id", "unit", "room", "area", "owners", "retired_at"
                ),
                "people": _changes(
                    Person,
                    "key",
                    "name",
                    "phone",
                    "community_id",
                    "household_id",
                    "relation",
                    "title_checked",
                    "self_entered",
                    "retired_at",
                ),
                "posts": _changes(
                    Post,
                    "person_id",
                    "role",
                    "community_id",
                    "estate_id",
                    "building_id",
                    "grid_id",
                    "department",
                    "categories",
                    "deputy_for",
                    "since",
                    "until",
                ),
                "chats": _changes(
                    Chat, "channel", "key", "name", "community_id", "estate_id", "building_id", "retired_at"
                ),
            },
        )

    def make(self) -> Plan:
        """Compare sheet by sheet, from the tree's root to its leaves."""
        self._communities()
        self._load_places()
        self._estates()
        self._grids()
        self._buildings()
        self._households()
        self._load_people()
        self._people()
        self._posts()
        self._chats()
        self._vanished()
        return self.plan

    # --- reading ----------------------------------------------------------------------------------

    def _rows(self, statement: Select[Any]) -> Iterator[Row]:
        for row in self.connection.execute(statement).mappings():
            yield dict(row)

    def _all(self, sheet: str) -> Select[Any]:
        changes = self.plan.sheets[sheet]
        return select(changes.table.c.id, *(changes.table.c[c] for c in changes.columns))

    def _of_communities(self, sheet: str, ids: Iterable[int]) -> Iterator[Row]:
        table = self.plan.sheets[sheet].table
        for chunk in _chunks(sorted(ids)):
            yield from self._rows(self._all(sheet).where(table.c.community_id.in_(chunk)))

    def _entries(self, sheet: str) -> Iterator[Entry]:
        for n, entry in enumerate(self.roster.sheets.get(sheet, ()), start=1):
            yield entry
            if self.tick and not n % 1000:
                self.tick(1000)

    # --- comparing --------------------------------------------------------------------------------

    def _merge(
        self, sheet: str, existing: Row | None, values: Row, label: str, defaults: Row | None = None
    ) -> Row:
        """Add the row, change it, or see that it is as it was. Returns it as it will be."""
        changes = self.plan.sheets[sheet]
        if existing is None:
            row: Row = {"id": new_id(), **dict.fromkeys(changes.columns), **(defaults or {}), **values}
            changes.added.append(row)
            changes.example("added", label)
        else:
            differs = [k for k, v in values.items() if existing[k] != v]
            back = sheet != "posts" and existing.get("retired_at") is not None
            row = existing
            if differs or back:
                row = {**existing, **values}
                if back:
                    row["retired_at"] = None
                    changes.restored += 1
                changes.changed.append(row)
                changes.example("restored" if back else "changed", label)
            else:
                changes.unchanged += 1
        self.seen.add(row["id"])
        self.live.add(row["id"])
        return row

    def _communities(self) -> None:
        districts = {row["name"]: row for row in self._rows(self._all("districts"))}
        streets = {(row["district_id"], row["name"]): row for row in self._rows(self._all("streets"))}
        known = {row["name"]: row for row in self._rows(self._all("communities"))}
        self.in_database = {row["id"] for row in known.values()}
        for entry in self._entries("communities"):
            v = entry.values
            if v["district"] not in districts:
                districts[v["district"]] = self._merge(
                    "districts", None, {"name": v["district"]}, v["district"]
                )
            district = districts[v["district"]]["id"]
            if (district, v["street"]) not in streets:
                streets[district, v["street"]] = self._merge(
                    "streets", None, {"district_id": district, "name": v["street"]}, v["street"]
                )
            values = {"name": v["community"], "street_id": streets[district, v["street"]]["id"]}
            known[v["community"]] = self._merge(
                "communities", known.get(v["community"]), values, v["community"]
            )
        self.places.communities = known
        named = {e.values.get("community") for entries in self.roster.sheets.values() for e in entries}
        # Where there is one community, its name may be left out.
        self.mentioned = {row["id"] for name, row in known.items() if name in named or len(known) == 1}

    def _load_places(self) -> None:
        p = self.places
        for row in self._of_communities("estates", self.mentioned):
            p.estates[row["community_id"], row["name"]] = self._known(row)
        for row in self._of_communities("grids", self.mentioned):
            p.grids[row["community_id"], row["name"]] = self._known(row)
        for row in self._of_communities("buildings", self.mentioned):
            p.buildings[row["estate_id"], row["name"]] = self._known(row)
        for row in self._of_communities("households", self.mentioned):
            p.households[row["building_id"], row["unit"], row["room"]] = self._known(row)

    def _known(self, row: Row) -> Row:
        if row["retired_at"] is None:
            self.live.add(row["id"])
        return row

    # --- finding places ---------------------------------------------------------------------------

    def _community(self, sheet: str, entry: Entry) -> int | None:
        name = entry.values.get("community")
        if name:
            found = self.places.communities.get(name)
            if found is None:
                self.roster.blame(sheet, entry.row, "community", "roster/unknown_community", name=name)
            return None if found is None else int(found["id"])
        if any(entry.values.get(k) for k in ("estate", "building", "grid", "room")):
            if len(self.places.communities) == 1:
                only: int = next(iter(self.places.communities.values()))["id"]
                return only
            self.roster.blame(sheet, entry.row, "community", "roster/community_needed")
        return None

    def _estate(self, sheet: str, entry: Entry, community: int | None) -> int | None:
        name = entry.values.get("estate")
        if not name or community is None:
            return None
        found = self.places.estates.get((community, name))
        if found is not None and found["id"] in self.live:
            return self._use(found)
        others = self.places.aliases.get((community, name), set())
        if len(others) == 1:
            return next(iter(others))
        self.roster.blame(
            sheet, entry.row, "estate", "roster/unknown_estate", name=name, retired=found is not None
        )
        return None

    def _grid(self, sheet: str, entry: Entry, community: int | None) -> int | None:
        name = entry.values.get("grid")
        if not name or community is None:
            return None
        found = self.places.grids.get((community, name))
        if found is not None and found["id"] in self.live:
            return self._use(found)
        self.roster.blame(
            sheet, entry.row, "grid", "roster/unknown_grid", name=name, retired=found is not None
        )
        return None

    def _building(self, sheet: str, entry: Entry, community: int | None, estate: int | None) -> int | None:
        name = entry.values.get("building")
        if not name or community is None:
            return None
        if estate is None:
            if entry.values.get("estate"):
                return None
            ids = self.places.named.get((community, name), set())
            if len(ids) > 1:
                self.roster.blame(sheet, entry.row, "estate", "roster/estate_needed", name=name)
                return None
            self.seen |= ids
            if ids:
                return next(iter(ids))
            found = None
        else:
            found = self.places.buildings.get((estate, name))
            if found is not None and found["id"] in self.live:
                return self._use(found)
        self.roster.blame(
            sheet, entry.row, "building", "roster/unknown_building", name=name, retired=found is not None
        )
        return None

    def _household(self, sheet: str, entry: Entry, building: int | None) -> Row | None:
        room, unit = entry.values.get("room"), entry.values.get("unit", "")
        if not room:
            return None
        if not entry.values.get("building"):
            self.roster.blame(sheet, entry.row, "building", "roster/building_needed")
            return None
        if building is None:
            return None
        found = self.places.households.get((building, unit, room))
        if found is None and not unit and len(keys := self.places.rooms.get((building, room), set())) == 1:
            found = self.places.households[next(iter(keys))]
        if found is not None and found["id"] in self.live:
            self._use(found)
            return found
        where = f"{unit}单元{room}" if unit else room
        self.roster.blame(
            sheet,
            entry.row,
            "room",
            "roster/unknown_household",
            name=where,
            building=entry.values["building"],
            retired=found is not None,
        )
        return None

    def _use(self, row: Row) -> int:
        id_: int = row["id"]
        self.seen.add(id_)
        return id_

    # --- the sheets -------------------------------------------------------------------------------

    def _estates(self) -> None:
        for entry in self._entries("estates"):
            community = self._community("estates", entry)
            if community is None:
                continue
            v = entry.values
            values = {"community_id": community, "name": v["estate"], **_given(v, "aliases")}
            place = (community, v["estate"])
            self.places.estates[place] = self._merge(
                "estates", self.places.estates.get(place), values, v["estate"], {"aliases": ""}
            )
        for (community, _), row in self.places.estates.items():
            for alias in filter(None, row["aliases"].split("、")):
                if row["id"] in self.live:
                    self.places.aliases.setdefault((community, alias), set()).add(row["id"])

    def _grids(self) -> None:
        for entry in self._entries("grids"):
            community = self._community("grids", entry)
            if community is not None:
                place = (community, entry.values["grid"])
                self.places.grids[place] = self._merge(
                    "grids",
                    self.places.grids.get(place),
                    {"community_id": community, "name": place[1]},
                    place[1],
                )

    def _buildings(self) -> None:
        for entry in self._entries("buildings"):
            community = self._community("buildings", entry)
            estate = self._estate("buildings", entry, community)
            grid = self._grid("buildings", entry, community)
            if estate is None:
                continue
            v = entry.values
            values = {"community_id": community, "estate_id": estate, "name": v["building"]}
            if "grid" in v:
                values["grid_id"] = grid
            place = (estate, v["building"])
            if place in self.places.buildings and self.places.buildings[place]["id"] in self._named_by(
                "buildings"
            ):
                self.roster.blame("buildings", entry.row, "building", "roster/same_place")
                continue
            self.places.buildings[place] = self._merge(
                "buildings", self.places.buildings.get(place), values, f"{v['estate']}{v['building']}栋"
            )
            self._named_by("buildings").add(self.places.buildings[place]["id"])
        for (_, name), row in self.places.buildings.items():
            if row["id"] in self.live:
                self.places.named.setdefault((row["community_id"], name), set()).add(row["id"])

    def _named_by(self, sheet: str) -> set[int]:
        """Rows of this sheet that the import has named already: two spellings of one place would meet
        here."""
        return self._own.setdefault(sheet, set())

    def _households(self) -> None:
        known, own = self.places.households, self._named_by("households")
        for entry in self._entries("households"):
            community = self._community("households", entry)
            estate = self._estate("households", entry, community)
            building = self._building("households", entry, community, estate)
            if building is None:
                continue
            v = entry.values
            place = (building, v.get("unit", ""), v["room"])
            existing = known.get(place)
            if existing is not None and existing["id"] in own:
                self.roster.blame("households", entry.row, "room", "roster/same_place")
                continue
            values = {
                "community_id": community,
                "building_id": building,
                "unit": place[1],
                "room": place[2],
                "area": v["area"],
                **_given(v, "owners"),
            }
            label = f"{v['building']}栋{place[1] + '单元' if place[1] else ''}{place[2]}"
            known[place] = self._merge("households", existing, values, label, {"owners": ""})
            own.add(known[place]["id"])
        for place in known:
            self.places.rooms.setdefault((place[0], place[2]), set()).add(place)

    def _load_people(self) -> None:
        table = self.plan.sheets["people"].table
        rows = chain(
            self._of_communities("people", self.mentioned),
            self._rows(self._all("people").where(table.c.community_id.is_(None))),
        )
        for row in rows:
            self._remember(row)
        asked = {
            v
            for sheet in ("people", "posts")
            for e in self.roster.sheets.get(sheet, ())
            for v in (e.values["key"], e.values.get("deputy_for"))
            if v
        }
        for chunk in _chunks(sorted(asked - self.people.keys())):
            for row in self._rows(self._all("people").where(table.c.key.in_(chunk))):
                self._remember(row)

    def _remember(self, row: Row) -> None:
        self.people[row["key"]] = self.person_ids[row["id"]] = self._known(row)

    def _people(self) -> None:
        homes = {row["id"]: row for row in self.places.households.values()}
        #: Who entered by 「我是 …」: the roster may bring the same neighbour under a key of its own.
        entered = {
            (row["household_id"], row["name"]): row
            for row in self.people.values()
            if row["self_entered"] and row["retired_at"] is None
        }
        asked = {e.values["key"] for e in self.roster.sheets.get("people", ())}
        for entry in self._entries("people"):
            v = entry.values
            community = self._community("people", entry)
            estate = self._estate("people", entry, community)
            building = self._building("people", entry, community, estate)
            home = self._household("people", entry, building)
            existing = self.people.get(v["key"])
            if existing is None and home is not None:
                neighbour = entered.get((home["id"], v["name"]))
                existing = neighbour if neighbour and neighbour["key"] not in asked else None
            if existing is not None and self._foreign(existing, community, v["name"]):
                self.roster.blame("people", entry.row, "key", "roster/key_taken", who=v["key"])
                continue
            values: Row = {"key": v["key"], "name": v["name"], "self_entered": False, **_given(v, "phone")}
            if "community" in v or community is not None or existing is None:
                values["community_id"] = community
            if "room" in v or existing is None:
                values["household_id"] = home["id"] if home else None
            elif home is None and existing["household_id"]:
                home = homes.get(existing["household_id"])
            values["relation"], values["title_checked"] = self._standing(entry, existing, home)
            person = self._merge("people", existing, values, f"{v['name']}({v['key']})", {"phone": ""})
            self.people[v["key"]] = self.person_ids[person["id"]] = person

    def _foreign(self, existing: Row, community: int | None, name: str) -> bool:
        """The key belongs to somebody of a community that this import does not speak of."""
        home = existing["community_id"]
        return (
            home is not None and home != community and home not in self.mentioned and existing["name"] != name
        )

    def _standing(self, entry: Entry, existing: Row | None, home: Row | None) -> tuple[Relation | None, bool]:
        """身份 and 已核产权 where the cells leave them open: what the owners' names say, else what was
        confirmed before."""
        said, checked = entry.values.get("relation"), entry.values.get("title_checked")
        listed = home is not None and is_owner(entry.values["name"], home["owners"])
        same = (
            existing is not None
            and home is not None
            and existing["household_id"] == home["id"]
            and existing["name"] == entry.values["name"]
        )
        relation = said
        if relation is None and listed:
            relation = Relation.OWNER
        elif (
            relation is None
            and same
            and existing is not None
            and (existing["relation"] is not Relation.OWNER or existing["self_entered"])
        ):
            relation = existing["relation"]
        if said is Relation.OWNER and home is not None and not listed:
            self.roster.note(
                "people", entry.row, "relation", "roster/owner_not_listed", name=entry.values["name"]
            )
        if checked is None:
            before = same and existing is not None and existing["title_checked"]
            checked = relation is Relation.OWNER and (listed or before)
        return relation, bool(checked)

    def _posts(self) -> None:
        if "posts" not in self.roster.sheets:
            return
        wanted: dict[tuple[Any, ...], list[tuple[Entry, Row]]] = {}
        for entry in self._entries("posts"):
            post = self._post(entry)
            if post is not None:
                wanted.setdefault(_office(post), []).append((entry, post))
        self.posts_before = self._load_posts({rows[0][1]["person_id"] for rows in wanted.values()})
        offices: dict[tuple[Any, ...], list[Row]] = {}
        for row in self.posts_before:
            offices.setdefault(_office(row), []).append(row)
        for office, rows in wanted.items():
            for (entry, post), existing in _pair(rows, offices.get(office, []), self.now):
                name = self.person_ids[post["person_id"]]["name"]
                defaults = {"department": "", "categories": ""}
                self._merge("posts", existing, post, f"{name}({entry.values['key']})", defaults)

    def _post(self, entry: Entry) -> Row | None:
        v = entry.values
        community = self._community("posts", entry)
        estate = self._estate("posts", entry, community)
        building = self._building("posts", entry, community, estate)
        grid = self._grid("posts", entry, community)
        if building is not None and estate is None:
            estate = next(row["estate_id"] for row in self.places.buildings.values() if row["id"] == building)
        person, principal = (
            self._holder(entry, "key"),
            self._holder(entry, "deputy_for") if v.get("deputy_for") else None,
        )
        since, until = v.get("from"), v.get("until")
        if since and until and until < since:
            self.roster.blame("posts", entry.row, "until", "roster/until_before_from")
            return None
        if v["key"] == v.get("deputy_for"):
            self.roster.blame("posts", entry.row, "deputy_for", "roster/own_deputy")
            return None
        if person is None or v["role"] is None:
            return None
        if v["role"] == Role.DEPARTMENT_OFFICER and not v.get("department"):
            self.roster.note("posts", entry.row, "department", "roster/department_missing")
        places = {"community_id": community, "estate_id": estate, "building_id": building, "grid_id": grid}
        rest = {
            "department": v.get("department", ""),
            "categories": v.get("categories", ""),
            "since": since,
            "until": until,
        }
        return {"person_id": person, "role": v["role"], **places, **rest, "deputy_for": principal}

    def _holder(self, entry: Entry, column: str) -> int | None:
        found = self.people.get(entry.values[column])
        if found is None or found["id"] not in self.live:
            self.roster.blame(
                "posts",
                entry.row,
                column,
                "roster/unknown_person",
                who=entry.values[column],
                retired=found is not None,
            )
            return None
        return self._use(found)

    def _load_posts(self, people: set[int]) -> list[Row]:
        table = self.plan.sheets["posts"].table
        found = {row["id"]: row for row in self._of_communities("posts", self.mentioned)}
        found |= {
            row["id"]: row for row in self._rows(self._all("posts").where(table.c.community_id.is_(None)))
        }
        for chunk in _chunks(sorted(people)):
            found |= {
                row["id"]: row for row in self._rows(self._all("posts").where(table.c.person_id.in_(chunk)))
            }
        return sorted(found.values(), key=lambda row: row["id"])

    def _chats(self) -> None:
        table = self.plan.sheets["chats"].table
        known = {(row["channel"], row["key"]): row for row in self._of_communities("chats", self.mentioned)}
        asked = {e.values["chat"] for e in self.roster.sheets.get("chats", ())}
        for chunk in _chunks(sorted(asked)):
            known |= {
                (row["channel"], row["key"]): row
                for row in self._rows(self._all("chats").where(table.c.key.in_(chunk)))
            }
        self.chats_before = list(known.values())
        for entry in self._entries("chats"):
            v = entry.values
            community = self._community("chats", entry)
            estate = self._estate("chats", entry, community)
            building = self._building("chats", entry, community, estate)
            if community is None:
                continue
            if building is not None and estate is None:
                estate = next(
                    row["estate_id"] for row in self.places.buildings.values() if row["id"] == building
                )
            existing = known.get((v["channel"], v["chat"]))
            if (
                existing is not None
                and existing["community_id"] != community
                and existing["community_id"] not in self.mentioned
            ):
                self.roster.blame("chats", entry.row, "chat", "roster/chat_taken", who=v["chat"])
                continue
            values = {
                "channel": v["channel"],
                "key": v["chat"],
                "name": v.get("name") or v["chat"],
                "community_id": community,
                "estate_id": estate,
                "building_id": building,
            }
            self._merge("chats", existing, values, values["name"])

    # --- what vanished ----------------------------------------------------------------------------

    def _vanished(self) -> None:
        """Rows of the database that a sheet of the import should have named. A sheet without rows retires
        nothing."""
        named = {e.values["community"] for e in self.roster.sheets.get("communities", ())}
        gone: set[int] = set()
        p = self.places
        for sheet, rows, parent in (
            ("estates", list(p.estates.values()), None),
            ("grids", list(p.grids.values()), None),
            ("buildings", list(p.buildings.values()), "estate_id"),
            ("households", list(p.households.values()), "building_id"),
        ):
            scope = self._scope(sheet, named)
            for row in rows:
                missing = row["community_id"] in scope and row["id"] not in self.seen
                if row["retired_at"] is None and (
                    missing or (parent and row[parent] in gone and row["id"] not in self.seen)
                ):
                    gone.add(row["id"])
                    self._retire(sheet, row, self._label(sheet, row))
        scope = self._scope("people", named)
        whole = bool(scope) and self.in_database <= scope
        for row in self.people.values():
            inside = whole if row["community_id"] is None else row["community_id"] in scope
            if (
                inside
                and bool(scope)
                and row["retired_at"] is None
                and not row["self_entered"]
                and row["id"] not in self.seen
            ):
                self._retire("people", row, f"{row['name']}({row['key']})")
        self._posts_vanished(named)
        scope = self._scope("chats", named)
        for row in self.chats_before:
            if row["community_id"] in scope and row["retired_at"] is None and row["id"] not in self.seen:
                self._retire("chats", row, row["name"])

    def _posts_vanished(self, named: set[str]) -> None:
        scope = self._scope("posts", named)
        entries = self.roster.sheets.get("posts", ())
        if not entries:
            return
        keys = {e.values["key"] for e in entries}
        whole = bool(scope) and self.in_database <= scope
        for row in self.posts_before:
            if row["id"] in self.seen or _ended(row, self.now):
                continue
            holder = self.person_ids.get(row["person_id"])
            inside = (
                row["community_id"] in scope
                if row["community_id"] is not None
                else whole or (holder is not None and holder["key"] in keys)
            )
            if inside:
                self._retire("posts", row, f"{holder['name']}({holder['key']})" if holder else "?")

    def _scope(self, sheet: str, named: set[str]) -> set[int]:
        """The communities for which this sheet speaks."""
        entries = self.roster.sheets.get(sheet, ())
        if not entries:
            return set()
        names = named | {e.values.get("community", "") for e in entries}
        return {row["id"] for name in names if (row := self.places.communities.get(name))}

    def _retire(self, sheet: str, row: Row, label: str) -> None:
        self.plan.sheets[sheet].retired.append(row["id"])
        self.plan.sheets[sheet].example("retired", label)

    def _label(self, sheet: str, row: Row) -> str:
        if sheet != "households":
            return f"{row['name']}栋" if sheet == "buildings" else str(row["name"])
        building = (
            next((b["name"] for b in self.places.buildings.values() if b["id"] == row["building_id"]), "")
            if len(self.plan.sheets[sheet].examples["retired"]) < 5
            else ""
        )
        return f"{building}栋{row['unit'] + '单元' if row['unit'] else ''}{row['room']}"


def _given(values: Row, *keys: str) -> Row:
    """The columns that the sheet has."""
    return {k: values[k] for k in keys if k in values}


def _chunks(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (values[at : at + CHUNK] for at in range(0, len(values), CHUNK))


def _office(post: Row) -> tuple[Any, ...]:
    return tuple(
        post[k]
        for k in (
            "person_id",
            "role",
            "community_id",
            "estate_id",
            "building_id",
            "grid_id",
            "department",
            "deputy_for",
        )
    )


def _ended(post: Row, now: datetime) -> bool:
    return post["until"] is not None and post["until"] <= max(now, post["since"] or now)


def _pair(
    rows: list[tuple[Entry, Row]], before: list[Row], now: datetime
) -> Iterator[tuple[tuple[Entry, Row], Row | None]]:
    """Which row of the sheet is which of the database, where somebody holds one office in several periods:
    the same first, then the
    same beginning, then those still running, then the ended ones, newest first."""
    left = sorted(before, key=lambda r: (_ended(r, now), -r["id"]))
    tests: tuple[Callable[[Row, Row], bool], ...] = (
        lambda a, b: all(a[k] == b[k] for k in ("since", "until", "categories")),
        lambda a, b: a["since"] == b["since"] and a["categories"] == b["categories"],
        lambda a, b: a["since"] == b["since"],
        lambda _a, _b: True,
    )
    open_rows = list(rows)
    for test in tests:
        for pair in list(open_rows):
            found = next((row for row in left if test(pair[1], row)), None)
            if found is not None:
                left.remove(found)
                open_rows.remove(pair)
                yield pair, found
    for pair in open_rows:
        yield pair, None
