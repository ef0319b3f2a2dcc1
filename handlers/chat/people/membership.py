"""Who lives where: 我是 3栋2单元501 李迎新, 确认住户 N3, 确认业主 N3. Everything in private."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial

from bot.turns.message import Refused, Reply
from bot.turns.router import Router
from bot.turns.turn import Turn
from models.people.find.claims import (
    Meant,
    claim_numbered,
    households_at,
    is_open,
    meant_by,
    open_claim_of,
    open_claims,
    person_of_claim,
    person_with_key,
)
from models.people.rules import RELATION_NAMES, Area, Equals, Relation, Role, Serving, choose, spoken_name
from models.people.steps import admit, enter, make_claim, raise_revision
from models.people.tables import Claim, Identity, Person
from models.places.rules import bare, building_name, owners_of
from models.places.tables import Household

router = Router()

#: Who knows the neighbours of a building, the nearest first.
KEEPERS = (Role.CAPTAIN, Role.GRID_MEMBER, Role.SECRETARY)
#: How many claims an answer to 「确认哪一位」 names.
NAMED = 5
_CLAIM = re.compile(r"[Nn]?-?(\d{1,6})")


# --- asking ---------------------------------------------------------------------------------------


@router.command("identify")
def identify(turn: Turn) -> Reply:
    """我是 3栋2单元501 李迎新: asks to be entered; the captain of that building is told."""
    words = turn.command.rest
    _in_named_community(turn, words)
    home = _household(turn)
    name = spoken_name(words)
    if not name:
        raise Refused("membership/name", home=home_label(turn, home))
    meant = meant_by(turn.session, turn.identity, home.id, name, turn.world.roster)
    own = turn.person
    itself = own is not None and meant.person is not None and own.id == meant.person.id
    if itself and meant.listed and not _wants_title(meant.person, home):
        return turn.whisper("membership/already", home=home_label(turn, home), name=name)
    if meant.listed and not itself and turn.inbound.channel == turn.world.roster:
        raise Refused("membership/somebody_else", home=home_label(turn, home), name=name)
    claim = make_claim(turn.session, turn.community.id, turn.identity.id, home.id, name, turn.now)
    turn.session.flush()
    return _told(turn, claim, home, meant, already=itself and meant.listed)


def _in_named_community(turn: Turn, words: str) -> None:
    """An estate named in the words tells the community even of an account that nobody knows; raises `Refused`
    when nothing does."""
    named = {
        c.id for c in turn.directory.communities.values() if any(estate in words for estate in c.estate_names)
    }
    if len(named) == 1:
        turn.in_community(named.pop())
        return
    try:
        turn.community  # noqa: B018 - asked for whether it can be told
    except Refused:
        raise Refused("membership/which_estate") from None


def _household(turn: Turn) -> Household:
    """The flat that the address means; raises `Refused` with an example."""
    place = turn.reading.place
    if place.building is None or place.room is None:
        raise Refused("membership/how")
    where = turn.directory.locate(
        turn.community.id, place.estate, place.building, place.unit, place.room, None, chat=turn.chat
    )
    if where.building_id is None:
        several = len(turn.community.named.get(place.building, ())) > 1
        raise Refused(
            "membership/which_building" if several else "membership/no_building",
            building=building_name(place.building),
        )
    found = households_at(turn.session, where.building_id, place.unit, place.room)
    building = building_name(place.building)
    if not found:
        raise Refused(
            "membership/no_household",
            home=f"{building}{place.unit + '单元' if place.unit else ''}{place.room}",
        )
    if len(found) > 1:
        raise Refused("membership/which_unit", building=building, unit=found[0].unit, room=place.room)
    return found[0]


def _wants_title(person: Person | None, home: Household) -> bool:
    """An owner by the roster's names whose title nobody has seen."""
    return (
        person is not None
        and not person.title_checked
        and (person.relation is Relation.OWNER or bare(person.name) in owners_of(home))
    )


def _told(turn: Turn, claim: Claim, home: Household, meant: Meant, *, already: bool) -> Reply:
    """The nearest keeper of the building is asked, never the person themselves."""
    themselves = {p.id for p in (turn.person, meant.person) if p is not None}
    choice = choose(
        turn.serving(),
        rungs=KEEPERS,
        category="other",
        where=area_of(turn, home),
        without=themselves,
        pick=partial(_least_busy, turn),
    )
    label = home_label(turn, home)
    if choice is not None:
        owners = owners_of(home)
        turn.tell(
            choice.who,
            "membership/please_confirm",
            claim=claim.number,
            name=claim.name,
            home=label,
            listed=meant.listed,
            elsewhere=meant.elsewhere,
            owner=claim.name in owners,
            owners=owners,
            already=already,
        )
    keeper = choice.who.label if choice else ""
    return turn.whisper(
        "membership/title_asked" if already else "membership/asked",
        home=label,
        name=claim.name,
        keeper=keeper,
    )


def _least_busy(turn: Turn, people: Sequence[Serving]) -> Serving:
    equals = Equals(people)
    turn.happened(equals)
    return (equals.who or people)[0]


def home_label(turn: Turn, home: Household) -> str:
    """「3栋2单元501」, for those concerned only."""
    building = turn.community.buildings.get(home.building_id)
    estate_id = building.estate_id if building else None
    return turn.directory.place_label(home.community_id, estate_id, home.building_id, home.unit) + home.room


def area_of(turn: Turn, home: Household) -> Area:
    """The household's place as posts see it."""
    return turn.directory.area(home.community_id, None, home.building_id)


# --- confirming -----------------------------------------------------------------------------------


@router.command("confirm_resident")
def confirm_resident(turn: Turn) -> Reply:
    """确认住户 N3."""
    return _confirm(turn, owner=False)


@router.command("confirm_owner")
def confirm_owner(turn: Turn) -> Reply:
    """确认业主 N3: the title was seen."""
    return _confirm(turn, owner=True)


def _confirm(turn: Turn, *, owner: bool) -> Reply:
    claim, person = _meant(turn, owner=owner)
    if claim is None or (claim.decided_at is not None and claim.decided_by is not None):
        return _entered_already(turn, claim, person, owner=owner)
    home = turn.session.get_one(Household, claim.household_id)
    post = keeping(turn, home)
    if not is_open(claim, turn.now):
        raise Refused("membership/over", claim=claim.number)
    identity = turn.session.get_one(Identity, claim.identity_id)
    roster = turn.world.roster
    _not_own(turn, identity.person_id, meant_by(turn.session, identity, home.id, claim.name, roster).person)
    if identity.id == turn.identity.id:
        raise Refused("membership/own")
    entered = admit(
        turn.session, claim, identity, home, by=post.person_id, now=turn.now, owner=owner, roster=roster
    )
    changed(turn)
    turn.tell_identity(
        identity.id, "membership/welcome", name=entered.name, home=home_label(turn, home), owner=owner
    )
    return _done(turn, entered, home, owner=owner)


def _meant(turn: Turn, *, owner: bool) -> tuple[Claim | None, Person | None]:
    """The claim by its number, else a person by key (and their open claim); without either the only claim
    that waits here."""
    said = turn.command.rest.strip(" :：#")
    if not said:
        return _only(turn, owner=owner), None
    number = _CLAIM.fullmatch(said)
    claim = claim_numbered(turn.session, turn.community.id, int(number[1])) if number else None
    if claim is not None:
        return claim, None
    person = person_with_key(turn.session, said)
    if person is None or person.community_id not in (None, turn.community.id):
        turn.acting(KEEPERS)
        raise Refused("membership/unknown", wanted=said)
    return open_claim_of(turn.session, person.id, turn.now), person


def _only(turn: Turn, *, owner: bool) -> Claim:
    turn.acting(KEEPERS)
    posts = [p for p in turn.posts() if p.role in KEEPERS]
    waiting = [
        (claim, home)
        for claim, home in open_claims(turn.session, turn.community.id, turn.now)
        if any(p.covers(area_of(turn, home)) for p in posts)
    ]
    if not waiting:
        raise Refused("membership/none")
    if len(waiting) > 1:
        rows = [(claim.number, home_label(turn, home), claim.name) for claim, home in waiting[:NAMED]]
        raise Refused("membership/which", owner=owner, rows=rows, more=max(0, len(waiting) - NAMED))
    return waiting[0][0]


def keeping(turn: Turn, home: Household) -> Serving:
    """The speaker's post that keeps this household's building; raises `Refused` naming who may (promise
    9)."""
    turn.acting(KEEPERS)
    area = area_of(turn, home)
    post = next((p for p in turn.posts() if p.role in KEEPERS and p.covers(area)), None)
    if post is None:
        label = turn.directory.place_label(home.community_id, None, home.building_id, None)
        raise Refused("membership/other_building", building=label, posts=turn.role_names(KEEPERS))
    return post


def _not_own(turn: Turn, *others: int | Person | None) -> None:
    """Nobody confirms themselves."""
    me = turn.person.id if turn.person else None
    if me is not None and any((o.id if isinstance(o, Person) else o) == me for o in others):
        raise Refused("membership/own")


def _entered_already(turn: Turn, claim: Claim | None, person: Person | None, *, owner: bool) -> Reply:
    """Somebody who is on the roster: 确认业主 says that the title was seen now; 确认住户 has nothing left to
    do."""
    if person is None and claim is not None:
        person = person_of_claim(turn.session, claim)
    home = (
        turn.session.get(Household, person.household_id)
        if person is not None and person.household_id is not None
        else None
    )
    if person is None or home is None:
        turn.acting(KEEPERS)
        raise Refused("membership/no_home", name=person.name if person else "")
    keeping(turn, home)
    _not_own(turn, person)
    if not owner or person.title_checked:
        relation = RELATION_NAMES[person.relation] if person.relation else ""
        return turn.whisper(
            "membership/entered",
            name=person.name,
            home=home_label(turn, home),
            relation=relation,
            checked=person.title_checked,
        )
    enter(person, home, owner=True)
    changed(turn)
    turn.tell(person.id, "membership/welcome", name=person.name, home=home_label(turn, home), owner=True)
    return _done(turn, person, home, owner=True)


def _done(turn: Turn, person: Person, home: Household, *, owner: bool) -> Reply:
    """What the keeper reads; a title that the roster's owners do not agree with is pointed out, since a
    statutory vote goes by them."""
    owners = owners_of(home)
    differs = owners if owner and bare(person.name) not in owners else []
    relation = RELATION_NAMES[person.relation] if person.relation else ""
    return turn.whisper(
        "membership/confirmed",
        name=person.name,
        code=person.key,
        home=home_label(turn, home),
        relation=relation,
        owner=owner,
        differs=differs,
    )


def changed(turn: Turn) -> None:
    """The roster changed: every running server reads it anew."""
    turn.session.flush()
    raise_revision(turn.session)
    turn.roster_changed = True
