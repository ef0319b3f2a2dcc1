"""A snapshot in memory of places, chats and people, so that a message finds its community without the database."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.base import Fact
from models.people.find.serving import serving
from models.people.rules import Area
from models.people.tables import Chat, Person, Post
from models.places.rules import place_label
from models.places.tables import Building, Community, Estate, Household

#: The Fact that counts committed changes of the roster; whoever changes the roster raises it.
REVISION = "roster_revision"


@dataclass(frozen=True, slots=True)
class ChatInfo:
    """A group as the hub needs it."""

    id: int
    channel: str
    key: str
    name: str
    community_id: int
    estate_id: int | None
    building_id: int | None


@dataclass(frozen=True, slots=True)
class PersonInfo:
    """A person as the sandbox and the hub need it; `building_id` is the home."""

    id: int
    key: str
    name: str
    community_id: int | None
    building_id: int | None
    unit: str
    room: str


@dataclass(frozen=True, slots=True)
class BuildingInfo:
    """A building and where it belongs."""

    id: int
    name: str
    estate_id: int
    grid_id: int | None


@dataclass(frozen=True, slots=True)
class Located:
    """Where an issue is, in ids. `unknown` holds a building that was named but is not on the roster, or that
    several `estates` have."""

    estate_id: int | None = None
    building_id: int | None = None
    unit: str | None = None
    room: str | None = None
    spot: str | None = None
    unknown: str | None = None
    estates: tuple[str, ...] = ()


@dataclass(slots=True)
class CommunityInfo:
    """One community's places by name and by id."""

    id: int
    name: str
    estates: dict[int, str] = field(default_factory=dict)
    #: Every name of an estate → its id.
    estate_names: dict[str, int] = field(default_factory=dict)
    buildings: dict[int, BuildingInfo] = field(default_factory=dict)
    named: dict[str, list[BuildingInfo]] = field(default_factory=dict)
    #: Names of people with a post here and the post, to tell whom a complaint is about; who serves now is
    #: read in the turn.
    officers: list[tuple[str, str]] = field(default_factory=list)


class Directory:
    """The snapshot. Built anew when the roster's revision changes; never edited."""

    def __init__(self, session: Session) -> None:
        self.revision = revision(session)
        self.communities: dict[int, CommunityInfo] = {}
        self.by_name: dict[str, CommunityInfo] = {}
        for community in session.execute(select(Community.id, Community.name)):
            info = CommunityInfo(community.id, community.name)
            self.communities[info.id] = self.by_name[info.name] = info
        for estate in session.execute(
            select(Estate.id, Estate.community_id, Estate.name, Estate.aliases).where(
                Estate.retired_at.is_(None)
            )
        ):
            info = self.communities[estate.community_id]
            info.estates[estate.id] = estate.name
            for name in (estate.name, *estate.aliases.split("、")):
                if name:
                    info.estate_names[name] = estate.id
        rows = select(
            Building.id, Building.community_id, Building.name, Building.estate_id, Building.grid_id
        ).where(Building.retired_at.is_(None))
        for row in session.execute(rows):
            building = BuildingInfo(row.id, row.name, row.estate_id, row.grid_id)
            info = self.communities[row.community_id]
            info.buildings[row.id] = building
            info.named.setdefault(row.name, []).append(building)
        self.chats: dict[tuple[str, str], ChatInfo] = {}
        self.chats_by_id: dict[int, ChatInfo] = {}
        chats = select(
            Chat.id, Chat.channel, Chat.key, Chat.name, Chat.community_id, Chat.estate_id, Chat.building_id
        ).where(Chat.retired_at.is_(None))
        for found in session.execute(chats):
            chat = ChatInfo(*found)
            self.chats[chat.channel, chat.key] = self.chats_by_id[chat.id] = chat
        self.people: dict[str, PersonInfo] = {}
        people = (
            select(
                Person.id,
                Person.key,
                Person.name,
                Person.community_id,
                Household.building_id,
                Household.unit,
                Household.room,
            )
            .outerjoin(Household, Person.household_id == Household.id)
            .where(Person.retired_at.is_(None))
        )
        for one in session.execute(people):
            self.people[one.key] = PersonInfo(
                one.id, one.key, one.name, one.community_id, one.building_id, one.unit or "", one.room or ""
            )
        posts = (
            select(Person.name, Post.role, Post.community_id)
            .join(Post, Post.person_id == Person.id)
            .where(Post.until.is_(None), Person.retired_at.is_(None))
        )
        for post in session.execute(posts.distinct()):
            if len(post.name) > 1:
                for info in (
                    self.communities.values()
                    if post.community_id is None
                    else (self.communities[post.community_id],)
                ):
                    info.officers.append((post.name, post.role))

    def members(self, session: Session, now: datetime) -> dict[int, list[str]]:
        """Who is in each group of the sandbox: who lives in its place, and who holds a post there."""
        posts = {c: serving(session, c, now) for c in self.communities}
        living: dict[int, list[str]] = {}
        for person in self.people.values():
            if person.building_id is not None:
                living.setdefault(person.building_id, []).append(person.key)
        found: dict[int, list[str]] = {}
        for chat in self.chats_by_id.values():
            info = self.communities[chat.community_id]
            inside = {
                b.id
                for b in info.buildings.values()
                if chat.building_id in (None, b.id) and chat.estate_id in (None, b.estate_id)
            }
            keys = [key for building in sorted(inside) for key in living.get(building, ())]
            grids = {info.buildings[b].grid_id for b in inside}
            officers = [
                s.key
                for s in posts[chat.community_id]
                if (s.building_id is None or s.building_id in inside)
                and (s.grid_id is None or s.grid_id in grids)
                and (s.estate_id is None or chat.estate_id is None or s.estate_id == chat.estate_id)
            ]
            found[chat.id] = list(dict.fromkeys([*keys, *officers]))
        return found

    def locate(
        self,
        community_id: int,
        estate: str | None,
        building: str | None,
        unit: str | None,
        room: str | None,
        spot: str | None,
        *,
        chat: ChatInfo | None = None,
        home: int | None = None,
    ) -> Located:
        """The ids behind the words; the chat's own place stands in for what was not said, and the estate of
        the speaker's `home` building tells apart two buildings of one name."""
        info = self.communities[community_id]
        estate_id = info.estate_names.get(estate) if estate else None
        if estate_id is None and chat is not None:
            estate_id = chat.estate_id
        if estate_id is None and len(info.estates) == 1:
            estate_id = next(iter(info.estates))
        found: BuildingInfo | None = None
        if building is not None:
            choices = [
                b for b in info.named.get(building, []) if estate_id is None or b.estate_id == estate_id
            ]
            if len(choices) > 1 and home in info.buildings:
                choices = [b for b in choices if b.estate_id == info.buildings[home].estate_id] or choices
            if len(choices) != 1:
                between = tuple(info.estates[b.estate_id] for b in choices)
                return Located(
                    estate_id=estate_id, unit=unit, room=room, spot=spot, unknown=building, estates=between
                )
            found = choices[0]
        elif (
            chat is not None
            and chat.building_id is not None
            and (estate is None or estate_id == chat.estate_id)
        ):
            found = info.buildings.get(chat.building_id)
        if found is None:
            return Located(estate_id=estate_id, unit=unit, room=room, spot=spot)
        return Located(found.estate_id, found.id, unit, room, spot)

    def area(self, community_id: int, estate_id: int | None, building_id: int | None) -> Area:
        """A place as posts see it."""
        info = self.communities[community_id]
        building = info.buildings.get(building_id or 0)
        if building is not None:
            return Area(
                building.estate_id, building.id, frozenset({building.grid_id} if building.grid_id else ())
            )
        grids = {
            b.grid_id
            for b in info.buildings.values()
            if b.grid_id and (estate_id is None or b.estate_id == estate_id)
        }
        return Area(estate_id, None, frozenset(grids))

    def place_label(
        self, community_id: int, estate_id: int | None, building_id: int | None, unit: str | None
    ) -> str:
        """A place as the public may read it (`models.places.rules.place_label`). Empty when nothing is known."""
        info = self.communities[community_id]
        estate = info.estates.get(estate_id or 0, "") if len(info.estates) > 1 else ""
        building = info.buildings.get(building_id or 0)
        return place_label(estate, building.name if building else "", unit)


def revision(session: Session) -> str:
    """The roster's revision as of this transaction."""
    return session.scalar(select(Fact.value).where(Fact.key == REVISION)) or "0"
