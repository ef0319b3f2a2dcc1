"""Claims carried out, moving out, leave and the end of posts."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from models.base import Fact, new_id
from models.people.find.claims import has_posts, meant_by
from models.people.find.directory import REVISION
from models.people.find.serving import on_leave
from models.people.rules import Relation
from models.people.tables import Absence, Claim, Identity, Person, Post
from models.places.rules import bare, owners_of
from models.places.steps import next_number
from models.places.tables import Household


def raise_revision(session: Session) -> None:
    """Tell every running server that the roster changed."""
    row = session.get(Fact, REVISION)
    if row is None:
        session.add(Fact(key=REVISION, value="1"))
    else:
        row.value = str(int(row.value) + 1)


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
        number=next_number(session, community_id, "claims"),
        identity_id=identity_id,
        household_id=household_id,
        name=name,
        made_at=now,
        decided_at=None,
        decided_by=None,
    )
    session.add(claim)
    return claim


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


def _free_key(session: Session, number: int) -> str:
    """A key that no roster uses: `self-3`; keys are unique over all communities, claim numbers only within
    one."""
    taken = set(session.scalars(select(Person.key).where(Person.key.startswith("self-"))))
    return next(key for key in _keys(number) if key not in taken)


def _keys(number: int) -> Iterator[str]:
    return (f"self-{number + 100_000 * more}" for more in itertools.count())


def begin_leave(session: Session, person_id: int, now: datetime, until: datetime) -> Absence:
    """Away from now on; a second 请假 moves the end of the first."""
    running = on_leave(session, person_id, now)
    if running is not None:
        running.until = until
        return running
    absence = Absence(id=new_id(), person_id=person_id, since=now, until=until)
    session.add(absence)
    return absence


def end_leave(session: Session, absence: Absence, now: datetime) -> None:
    """Back again; a leave that lasted no time leaves no row."""
    if absence.since < now:
        absence.until = now
    else:
        session.delete(absence)


def end_posts(session: Session, posts: Sequence[Post], now: datetime) -> None:
    """These posts end now; one that would only have begun later goes altogether."""
    for post in posts:
        if post.since is not None and post.since > now:
            session.delete(post)
        else:
            post.until = now


_ACCOUNT = select(Identity).where(
    Identity.channel == bindparam("channel"), Identity.external == bindparam("external")
)
#: How fresh `seen_at` is kept: a write for every message would be too many.
_SEEN_EVERY = timedelta(hours=12)


def account(
    session: Session, channel: str, external: str, now: datetime, *, person_id: int | None = None
) -> Identity:
    """The account of a channel, made when it first matters; it belongs to `person_id` from now on if it has
    been nobody's."""
    found = session.scalars(_ACCOUNT, {"channel": channel, "external": external}).first()
    if found is None:
        found = Identity(id=new_id(), channel=channel, external=external, seen_at=now, ignored=False)
        session.add(found)
    elif now - found.seen_at > _SEEN_EVERY:
        found.seen_at = now
    if found.person_id is None and person_id is not None:
        found.person_id = person_id
    return found


def listen_to(identity: Identity, *, listening: bool) -> bool:
    """Whether the group messages of this account are read; False when that was so already."""
    changed = identity.ignored == listening
    identity.ignored = not listening
    return changed
