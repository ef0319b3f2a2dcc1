"""Where something is, as far as the public may know."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.places.rules import place_label
from models.places.tables import Building, Estate


@dataclass(frozen=True, slots=True)
class Spot:
    """Where an issue is, as far as the public may know: never a room."""

    estate: str = ""
    building: str = ""
    unit: str = ""
    spot: str = ""
    #: The community has several estates, so the estate's name is needed.
    several: bool = False

    @property
    def label(self) -> str:
        """「3栋2单元」, with the estate before it where there are several."""
        return place_label(self.estate if self.several or not self.building else "", self.building, self.unit)


class Places:
    """The names of one community's estates and buildings."""

    def __init__(self, session: Session, community_id: int) -> None:
        self.estates: dict[int, str] = {
            e.id: e.name
            for e in session.execute(
                select(Estate.id, Estate.name).where(Estate.community_id == community_id)
            )
        }
        rows = select(Building.id, Building.name, Building.estate_id).where(
            Building.community_id == community_id
        )
        self.buildings: dict[int, tuple[str, int]] = {
            b.id: (b.name, b.estate_id) for b in session.execute(rows)
        }

    def spot(
        self, estate_id: int | None, building_id: int | None, unit: str | None, spot: str | None
    ) -> Spot:
        """The public part of where something is."""
        building, estate_id = self.buildings.get(building_id or 0, ("", estate_id))
        estate = self.estates.get(estate_id or 0, "")
        return Spot(estate, building, unit or "", spot or "", len(self.estates) > 1)

    def building_ids(self, estate: str, building: str) -> list[int]:
        """The buildings a filter names; an empty estate means any."""
        return [
            id_
            for id_, (name, estate_id) in self.buildings.items()
            if name == building and estate in {"", self.estates.get(estate_id, "")}
        ]
