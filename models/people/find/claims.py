"""Who belongs to which household: the claims of 「我是 …」, and whom they mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, or_, select
from sqlalchemy.orm import Session

from models.people.find.directory import Located
from models.people.tables import Claim, Identity, Person, Post
from models.places.rules import bare
from models.places.tables import Household

#: A claim that nobody confirmed for so long is no claim any more.
OPEN_FOR = timedelta(days=30)


def households_at(session: Session, building_id: int, unit: str | None, room: str) -> Sequence[Household]:
    """The flats that an address can mean: one, none, or one in each unit when no unit was said."""
    query = select(Household).where(
        Household.building_id == building_id,
        Household.retired_at.is_(None),
        Household.room.in_({room, room.lstrip("0")}),
    )
    if unit is not None:
        query = query.where(or_(Household.unit == unit, Household.unit == ""))
    return session.scalars(query.order_by(Household.unit)).all()


def is_open(claim: Claim, now: datetime) -> bool:
    """Nobody decided it, nothing replaced it, and it is not too old."""
    return claim.decided_at is None and now - claim.made_at < OPEN_FOR


def claim_numbered(session: Session, community_id: int, number: int) -> Claim | None:
    """The claim N3 of a community, locked so that two captains cannot decide it at once."""
    return session.scalars(
        select(Claim).where(Claim.community_id == community_id, Claim.number == number).with_for_update()
    ).first()


def open_claims(session: Session, community_id: int, now: datetime) -> list[tuple[Claim, Household]]:
    """What waits for a captain, oldest first."""
    query = (
        select(Claim, Household)
        .join(Household, Claim.household_id == Household.id)
        .where(Claim.community_id == community_id, Claim.decided_at.is_(None), Claim.made_at > now - OPEN_FOR)
        .order_by(Claim.id)
        .limit(200)
    )
    return [(row[0], row[1]) for row in session.execute(query)]


def open_claim_of(session: Session, person_id: int, now: datetime) -> Claim | None:
    """The claim that waits for an account of this person."""
    query = (
        select(Claim)
        .join(Identity, Claim.identity_id == Identity.id)
        .where(Identity.person_id == person_id, Claim.decided_at.is_(None), Claim.made_at > now - OPEN_FOR)
    )
    return session.scalars(query.order_by(Claim.id.desc())).first()


def person_with_key(session: Session, key: str) -> Person | None:
    """A person by the roster's key, in whatever case it was typed."""
    found = session.scalars(
        select(Person)
        .where(Person.key.in_({key, key.lower(), key.upper()}), Person.retired_at.is_(None))
        .order_by(Person.id)
    ).all()
    return next((p for p in found if p.key == key), found[0] if found else None)


def named_in(session: Session, household_id: int, name: str) -> Person | None:
    """The person of that name who is entered in the household."""
    home = session.scalars(
        select(Person)
        .where(Person.household_id == household_id, Person.retired_at.is_(None))
        .order_by(Person.id)
    )
    return next((p for p in home if bare(p.name) == name), None)


@dataclass(frozen=True, slots=True)
class Meant:
    """Whom a claim means: somebody already on the roster, or nobody yet."""

    person: Person | None
    #: Somebody of that name is entered in that household already.
    listed: bool
    #: That person already speaks through another account.
    elsewhere: bool


def meant_by(session: Session, identity: Identity, household_id: int, name: str, roster: str | None) -> Meant:
    """The roster's person of that name in that household; else the account's own person moves there; else
    somebody new.

    An account that changes hands (another name) is never the old person under a new name: posts belong to
    people. On the channel `roster` accounts are the people themselves and change no hands.
    """
    named = named_in(session, household_id, name)
    linked = session.get(Person, identity.person_id) if identity.person_id is not None else None
    if named is not None:
        others = (
            select(Identity.id).where(Identity.person_id == named.id, Identity.id != identity.id).limit(1)
        )
        return Meant(named, listed=True, elsewhere=session.scalar(others) is not None)
    if linked is not None and (bare(linked.name) == name or identity.channel == roster):
        return Meant(linked, listed=False, elsewhere=False)
    return Meant(None, listed=False, elsewhere=False)


def has_posts(session: Session, person_id: int) -> bool:
    """Whether the person holds or held a post: then the name belongs to the roster."""
    return session.scalar(select(Post.id).where(Post.person_id == person_id).limit(1)) is not None


def living_at(session: Session, where: Located) -> list[Person]:
    """Who is entered at an address, as far as it is known; at most fifty."""
    home = (
        select(Person)
        .join(Household, Person.household_id == Household.id)
        .where(Person.retired_at.is_(None), Household.building_id == where.building_id)
    )
    if where.room:
        home = home.where(Household.room == where.room)
    if where.unit:
        home = home.where(Household.unit == where.unit)
    return list(session.scalars(home.limit(50)))


def account_of(session: Session, person_id: int) -> Identity | None:
    """The account by which a person was last heard."""
    own = select(Identity).where(Identity.person_id == person_id)
    return session.scalars(own.order_by(Identity.seen_at.desc())).first()


_HOME = (
    select(Person.name, Household.building_id, Household.unit, Household.room)
    .join(Identity, Identity.person_id == Person.id)
    .outerjoin(Household, Person.household_id == Household.id)
    .where(Identity.id == bindparam("identity"))
)


def home_and_name(session: Session, identity_id: int) -> tuple[str, int | None, str, str] | None:
    """(name, building, unit, room) of the person behind an account; None for an account of nobody known."""
    session.flush()
    row = session.connection().execute(_HOME, {"identity": identity_id}).first()
    return (row.name, row.building_id, row.unit or "", row.room or "") if row is not None else None


def person_of_claim(session: Session, claim: Claim) -> Person | None:
    """Whom the account that made the claim belongs to by now."""
    identity = session.get_one(Identity, claim.identity_id)
    return session.get(Person, identity.person_id) if identity.person_id is not None else None
