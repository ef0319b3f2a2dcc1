"""People: compared by their keys, and found by them."""

from __future__ import annotations

from models.people.rules import Relation
from models.places.rules import is_owner

from .check import Entry
from .compare import Comparison, given, id_of
from .places import Places
from .plan import Row


class People:
    """Everybody of the communities mentioned, and whoever else the import names, as they will be after it."""

    def __init__(self, compared: Comparison, places: Places) -> None:
        self.compared, self.places = compared, places
        known = compared.near("people")
        asked = {
            e.values[column]
            for sheet, column in (("people", "key"), ("posts", "key"), ("posts", "deputy_for"))
            for e in compared.roster.sheets.get(sheet, ())
            if e.values.get(column)
        }
        known += compared.stored("people", "key", asked - {row["key"] for row in known})
        self.by_key = {row["key"]: row for row in known}
        self._merge()
        self.by_id = {row["id"]: row for row in self.by_key.values()}

    def holder(self, entry: Entry, column: str) -> Row | None:
        """Whom a cell of the posts names."""
        who = entry.values[column]
        return self.compared.named(
            "posts", entry, column, self.by_key.get(who), "roster/unknown_person", who=who
        )

    def retire(self) -> None:
        """Who entered in a chat is on no sheet and stays."""
        imported = (row for row in self.by_key.values() if not row["self_entered"])
        self.compared.retire("people", imported, label)

    def _merge(self) -> None:
        homes = {row["id"]: row for row in self.places.households.values()}
        #: Who entered by 「我是 …」: the roster may bring the same neighbour under a key of its own.
        entered = {
            (row["household_id"], row["name"]): row
            for row in self.by_key.values()
            if row["self_entered"] and row["retired_at"] is None
        }
        asked = {e.values["key"] for e in self.compared.roster.sheets.get("people", ())}
        for entry in self.compared.entries("people"):
            v = entry.values
            spot = self.places.spot("people", entry)
            community = spot["community_id"]
            home = self.places.home("people", entry, spot["building_id"])
            existing = self.by_key.get(v["key"])
            if existing is None and home is not None:
                neighbour = entered.get((home["id"], v["name"]))
                existing = neighbour if neighbour and neighbour["key"] not in asked else None
            # Somebody else of a community that this import does not speak of.
            if (
                existing is not None
                and existing["community_id"] not in self.compared.mentioned | {None}
                and existing["name"] != v["name"]
            ):
                self.compared.roster.blame("people", entry.row, "key", "roster/key_taken", who=v["key"])
                continue
            values: Row = {"key": v["key"], "name": v["name"], "self_entered": False, **given(v, "phone")}
            if "community" in v or community is not None or existing is None:
                values["community_id"] = community
            if "room" in v or existing is None:
                values["household_id"] = id_of(home)
            elif home is None and existing["household_id"]:
                home = homes.get(existing["household_id"])
            values["relation"], values["title_checked"] = self._standing(entry, existing, home)
            self.by_key[v["key"]] = self.compared.merge("people", existing, values, label(values))

    def _standing(self, entry: Entry, existing: Row | None, home: Row | None) -> tuple[Relation | None, bool]:
        """身份 and 已核产权 where the cells leave them open: what the owners' names say, else what was
        confirmed before."""
        name, relation = entry.values["name"], entry.values.get("relation")
        checked = entry.values.get("title_checked")
        listed = home is not None and is_owner(name, home["owners"])
        before: Row = {"relation": None, "title_checked": False, "self_entered": False}
        if existing and home and (existing["household_id"], existing["name"]) == (home["id"], name):
            before = existing
        if relation is Relation.OWNER and home is not None and not listed:
            self.compared.roster.note("people", entry.row, "relation", "roster/owner_not_listed", name=name)
        if relation is None and listed:
            relation = Relation.OWNER
        elif relation is None and (before["relation"] is not Relation.OWNER or before["self_entered"]):
            relation = before["relation"]
        if checked is None:
            checked = relation is Relation.OWNER and (listed or before["title_checked"])
        return relation, bool(checked)


def label(person: Row) -> str:
    """How a person is shown to the operator."""
    return f"{person['name']}({person['key']})"
