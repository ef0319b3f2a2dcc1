"""Estates, grids, buildings and flats: compared, and found by the names that other rows call them."""

from __future__ import annotations

from collections import defaultdict
from operator import itemgetter
from typing import Any, TypeVar

from .check import IDENTITY, Entry
from .compare import Comparison, given, id_of
from .plan import Row

Place = TypeVar("Place", bound=tuple[Any, ...])


class Places:
    """The tree below the communities as it will be after the import."""

    def __init__(self, compared: Comparison) -> None:
        self.compared = compared
        self.estates = self._known("estates", "community_id", "name")
        self.grids = self._known("grids", "community_id", "name")
        self.buildings = self._known("buildings", "estate_id", "name")
        self.households = self._known("households", "building_id", "unit", "room")
        #: (community, other name) → estates.
        self._aliases: dict[tuple[int, str], list[Row]] = defaultdict(list)
        #: (community, building's name) → buildings, for rows that leave the estate out.
        self._without_estate: dict[tuple[int, str], list[Row]] = defaultdict(list)
        #: (building, room) → flats, for rows that leave the unit out.
        self._without_unit: dict[tuple[int, str], list[Row]] = defaultdict(list)
        self._merge_estates()
        self._merge_grids()
        self._merge_buildings()
        self._merge_households()

    def _known(self, sheet: str, *keys: str) -> dict[tuple[Any, ...], Row]:
        return {tuple(row[k] for k in keys): row for row in self.compared.near(sheet)}

    # --- what a row means -------------------------------------------------------------------------

    def spot(self, sheet: str, entry: Entry) -> dict[str, int | None]:
        """The community, the estate and the building of a row; a building brings its estate."""
        community = self._community(sheet, entry)
        estate = self._estate(sheet, entry, community)
        building = self._building(sheet, entry, community, estate)
        if building is not None:
            estate = building["estate_id"]
        return {"community_id": community, "estate_id": estate, "building_id": id_of(building)}

    def grid(self, sheet: str, entry: Entry, community: int | None) -> int | None:
        """The grid of a row."""
        name = entry.values.get("grid")
        if not name or community is None:
            return None
        found = self.compared.named(
            sheet, entry, "grid", self.grids.get((community, name)), "roster/unknown_grid", name=name
        )
        return id_of(found)

    def home(self, sheet: str, entry: Entry, building: int | None) -> Row | None:
        """The flat of a row."""
        room, unit = entry.values.get("room"), entry.values.get("unit", "")
        if room and not entry.values.get("building"):
            self.compared.roster.blame(sheet, entry.row, "building", "roster/building_needed")
        if not room or building is None:
            return None
        found = self.households.get((building, unit, room))
        if found is None and not unit and len(flats := self._without_unit[building, room]) == 1:
            found = flats[0]
        return self.compared.named(
            sheet,
            entry,
            "room",
            found,
            "roster/unknown_household",
            name=_door(unit, room),
            building=entry.values["building"],
        )

    def _community(self, sheet: str, entry: Entry) -> int | None:
        known, name = self.compared.communities, entry.values.get("community")
        if name in known:
            return id_of(known[name])
        if name:
            self.compared.roster.blame(sheet, entry.row, "community", "roster/unknown_community", name=name)
        elif any(entry.values.get(k) for k in ("estate", "building", "grid", "room")):
            if len(known) == 1:
                return id_of(next(iter(known.values())))
            self.compared.roster.blame(sheet, entry.row, "community", "roster/community_needed")
        return None

    def _estate(self, sheet: str, entry: Entry, community: int | None) -> int | None:
        name = entry.values.get("estate")
        if not name or community is None:
            return None
        found = self.estates.get((community, name))
        if found is None or found["id"] not in self.compared.live:
            others = self._aliases[community, name]
            found = others[0] if len(others) == 1 else found
        found = self.compared.named(sheet, entry, "estate", found, "roster/unknown_estate", name=name)
        return id_of(found)

    def _building(self, sheet: str, entry: Entry, community: int | None, estate: int | None) -> Row | None:
        name = entry.values.get("building")
        if not name or community is None or (estate is None and entry.values.get("estate")):
            return None
        if estate is None:
            alike = self._without_estate[community, name]
            found = alike[0] if alike else None
            if len(alike) > 1:
                self.compared.roster.blame(sheet, entry.row, "estate", "roster/estate_needed", name=name)
                return None
        else:
            found = self.buildings.get((estate, name))
        return self.compared.named(sheet, entry, "building", found, "roster/unknown_building", name=name)

    # --- the sheets -------------------------------------------------------------------------------

    def _merge_estates(self) -> None:
        for entry in self.compared.entries("estates"):
            community = self._community("estates", entry)
            if community is None:
                continue
            place = (community, entry.values["estate"])
            values = {"community_id": community, "name": place[1], **given(entry.values, "aliases")}
            self.estates[place] = self.compared.merge("estates", self.estates.get(place), values, place[1])
        for row in self.estates.values():
            if row["id"] in self.compared.live:
                for alias in filter(None, row["aliases"].split("、")):
                    self._aliases[row["community_id"], alias].append(row)

    def _merge_grids(self) -> None:
        for entry in self.compared.entries("grids"):
            community = self._community("grids", entry)
            if community is not None:
                place = (community, entry.values["grid"])
                values = {"community_id": community, "name": place[1]}
                self.grids[place] = self.compared.merge("grids", self.grids.get(place), values, place[1])

    def _merge_buildings(self) -> None:
        own: set[tuple[int, str]] = set()
        for entry in self.compared.entries("buildings"):
            v, community = entry.values, self._community("buildings", entry)
            estate = self._estate("buildings", entry, community)
            grid = self.grid("buildings", entry, community)
            if estate is None or not self._first("buildings", entry, own, place := (estate, v["building"])):
                continue
            values = {"community_id": community, "estate_id": estate, "name": v["building"]}
            if "grid" in v:
                values["grid_id"] = grid
            self.buildings[place] = self.compared.merge(
                "buildings", self.buildings.get(place), values, f"{v['estate']}{v['building']}栋"
            )
        for row in self.buildings.values():
            if row["id"] in self.compared.live:
                self._without_estate[row["community_id"], row["name"]].append(row)

    def _merge_households(self) -> None:
        own: set[tuple[int, str, str]] = set()
        for entry in self.compared.entries("households"):
            v, spot = entry.values, self.spot("households", entry)
            building, unit, room = spot["building_id"], v.get("unit", ""), v["room"]
            if building is None or not self._first("households", entry, own, place := (building, unit, room)):
                continue
            values = {
                "community_id": spot["community_id"],
                "building_id": building,
                "unit": unit,
                "room": room,
                "area": v["area"],
                **given(v, "owners"),
            }
            self.households[place] = self.compared.merge(
                "households", self.households.get(place), values, f"{v['building']}栋{_door(unit, room)}"
            )
        for (building, _, room), row in self.households.items():
            self._without_unit[building, room].append(row)

    def _first(self, sheet: str, entry: Entry, own: set[Place], place: Place) -> bool:
        """`check` compares what is written; two names of one place meet here."""
        if place in own:
            self.compared.roster.blame(sheet, entry.row, IDENTITY[sheet][-1], "roster/same_place")
            return False
        own.add(place)
        return True

    def retire(self) -> None:
        """What no row names any more; with an estate go its buildings, with a building its flats."""
        retire, names = self.compared.retire, {row["id"]: row["name"] for row in self.buildings.values()}
        estates = retire("estates", self.estates.values(), itemgetter("name"))
        retire("grids", self.grids.values(), itemgetter("name"))
        buildings = retire(
            "buildings",
            self.buildings.values(),
            lambda row: f"{row['name']}栋",
            lambda row: row["estate_id"] in estates,
        )
        retire(
            "households",
            self.households.values(),
            lambda row: f"{names[row['building_id']]}栋{_door(row['unit'], row['room'])}",
            lambda row: row["building_id"] in buildings,
        )


def _door(unit: str, room: str) -> str:
    return f"{unit}单元{room}" if unit else room
