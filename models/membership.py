"""Who belongs to which household: the claims of 「我是 …」, their confirmation, and moving out."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from models.base import new_id
from models.counters import CLAIMS, next_number
from models.people import Claim, Identity, Person, Post, Relation
from models.places import Household

#: A claim that nobody confirmed for so long is no claim any more.
OPEN_FOR = timedelta(days=30)

_HAN = r"[\u4e00-\u9fff]"
_NAME = re.compile(rf"{_HAN}{{2,4}}|{_HAN}{{1,8}}(?:·{_HAN}{{1,8}}){{1,3}}")
#: The room ends the address; what follows may be 室, what they are (业主), and the name.
_ROOM = re.compile(r"(?<!\d)\d{2,4}(?!\d)(?P<after>(?:室|号房|号|房)?(?P<rest>[^\d]*))(?:\d{5,}\D*)?\Z")
_LINK = re.compile(
    r"^(?:[\s,，、:：.。的]|业主|租户|住户|租客|户主|房主|家人|我叫|名叫|叫|姓名是?|名字是?|我是)+"
)
_BEFORE = re.compile(
    rf"(?:我叫|名叫|姓名是?|名字是?|我是|叫|^)[\s:：]*(?P<name>{_HAN}{{2,4}}|{_HAN}{{1,8}}(?:·{_HAN}{{1,8}})+)[\s,，、。]"
)
#: How neighbours are called, but no name for a roll.
_FAMILIAR = (
    "奶奶",
    "爷爷",
    "阿姨",
    "叔叔",
    "大爷",
    "大妈",
    "大哥",
    "大姐",
    "先生",
    "女士",
    "师傅",
    "老师",
    "小姐",
    "妈妈",
    "爸爸",
    "嬢嬢",
    "孃孃",
    "业主",
    "住户",
    "租户",
)
_MARK = re.compile(r"\s*[(（][^()（）]*[)）]\s*\Z")


def bare(name: str) -> str:
    """The name without the mark that tells namesakes apart: 王芳(1234) is 王芳."""
    return _MARK.sub("", name).strip()


def owners_of(household: Household) -> list[str]:
    """The owners' names of a flat, without marks."""
    return [bare(name) for name in household.owners.split("、") if name.strip()]


def spoken_name(words: str) -> str:
    """The full name in 「3栋2单元501的李迎新」: what follows the address, else what 「我叫」 introduces.
    Empty when there is none."""
    words = words.strip(" ,，。.!！~")
    room = _ROOM.search(words)
    if room is not None and (found := _full(_LINK.sub("", room["rest"]))):
        return found
    before = _BEFORE.search(words + " ")
    return _full(before["name"]) if before else ""


def _full(name: str) -> str:
    name = re.sub(r"[\sA-Za-z,，。.!！]+", "", name)
    return name if _NAME.fullmatch(name) and not name.endswith(_FAMILIAR) else ""


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


def make_claim(
    session: Session, community_id: int, identity_id: int, household_id: int, name: str, now: datetime
) -> Claim:
    """A new claim; an earlier one of the same account is replaced (decided by nobody), under a new number
    lest a tap confirm other words."""
    for earlier in session.scalars(
        select(Claim).where(Claim.identity_id == identity_id, Claim.decided_at.is_(None))
    ):
        earlier.decided_at = now
    claim = Claim(
        id=new_id(),
        community_id=community_id,
        number=next_number(session, community_id, CLAIMS),
        identity_id=identity_id,
        household_id=household_id,
        name=name,
        made_at=now,
        decided_at=None,
        decided_by=None,
    )
    session.add(claim)
    return claim


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


def admit(
    session: Session,
    claim: Claim,
    identity: Identity,
    household: Household,
    *,
    by: int,
    now: datetime,
    owner: bool,
    roster: str | None,
) -> Person:
    """Carry out a confirmed claim: the person is entered in the household, and the account is theirs from now
    on."""
    person = meant_by(session, identity, household.id, claim.name, roster).person
    if person is None:
        person = Person(
            id=new_id(),
            key=_free_key(session, claim.number),
            name=claim.name,
            phone="",
            community_id=claim.community_id,
            household_id=household.id,
            relation=None,
            title_checked=False,
            self_entered=True,
            retired_at=None,
        )
        session.add(person)
    elif bare(person.name) != claim.name and not has_posts(session, person.id):
        person.name = claim.name
    if person.household_id != household.id:
        person.household_id, person.relation, person.title_checked = household.id, None, False
    person.community_id = claim.community_id
    enter(person, household, owner=owner)
    identity.person_id = person.id
    claim.decided_at, claim.decided_by = now, by
    return person


def enter(person: Person, household: Household, *, owner: bool) -> None:
    """How the person belongs to the household: an owner once the title was seen; by the roster's names an
    owner whose title was not."""
    if owner:
        person.relation, person.title_checked = Relation.OWNER, True
        if not household.owners:
            household.owners = person.name
    elif person.relation is None:
        person.relation = Relation.OWNER if bare(person.name) in owners_of(household) else Relation.FAMILY


def move_out(person: Person) -> None:
    """The person is entered in no household any more."""
    person.household_id, person.relation, person.title_checked = None, None, False


def has_posts(session: Session, person_id: int) -> bool:
    """Whether the person holds or held a post: then the name belongs to the roster."""
    return session.scalar(select(Post.id).where(Post.person_id == person_id).limit(1)) is not None


def _free_key(session: Session, number: int) -> str:
    """A key that no roster uses: `self-3`; keys are unique over all communities, claim numbers only within
    one."""
    taken = set(session.scalars(select(Person.key).where(Person.key.startswith("self-"))))
    return next(key for key in _keys(number) if key not in taken)


def _keys(number: int) -> Iterator[str]:
    return (f"self-{number + 100_000 * more}" for more in itertools.count())
