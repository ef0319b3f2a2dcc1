"""Tasks move by themselves: 请假 到12月5日, 销假, 不当楼长了, 搬走 编号."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import datetime, timedelta

from bot.language import parse_until
from bot.turns.message import Overheard, Refused, Reply
from bot.turns.router import Router, question
from bot.turns.turn import Turn
from handlers.chat.people.membership import changed, home_label, keeping
from models.people.find.claims import claim_numbered, person_of_claim, person_with_key
from models.people.find.serving import on_leave, posts_held
from models.people.rules import HANDLERS, Area, Leaving, Left, Relation, Role, candidates
from models.people.steps import begin_leave, end_leave, end_posts, move_out
from models.people.tables import Person, Post
from models.places.tables import Household

router = Router()

ASKED_RESIGN = question("resign")
ASK_MINUTES = 10
#: A longer leave is a slip of the finger (a day that is past is read as next year's) or no leave.
LONGEST = timedelta(days=180)
_FROM_TO = re.compile(r"^(?P<first>.+?)\s*(?:到|至)")


# --- leave ----------------------------------------------------------------------------------------


@router.command("leave")
def leave(turn: Turn) -> Reply:
    """请假 到12月5日."""
    _at_work(turn)
    person = turn.person
    assert person is not None  # noqa: S101 - whoever acts in a post is a person
    until = _until(turn)
    begin_leave(turn.session, person.id, turn.now, until)
    reason = turn.world.texts.text("leave/reason_leave", until=until)
    left = Left(person.id, person.name, reason, for_good=False)
    turn.happened(left)
    return turn.whisper("leave/on", until=until, gone=left.handed, kept=left.kept)


def _at_work(turn: Turn) -> None:
    """Somebody who works tasks, in whatever community; raises `Refused` naming the posts."""
    try:
        turn.community  # noqa: B018 - asked for whether it can be told
    except Refused:
        # An officer of several communities need not say which: a leave is from all of them.
        turn.in_community(
            next(
                (c for c in turn.directory.communities if _serves_in(turn, c)),
                next(iter(turn.directory.communities)),
            )
        )
    turn.acting(HANDLERS)


def _serves_in(turn: Turn, community_id: int) -> bool:
    turn.in_community(community_id)
    return any(p.role in HANDLERS for p in turn.posts())


def _until(turn: Turn) -> datetime:
    """The last day that was named; raises `Refused` with an example."""
    words, now = turn.command.rest.strip(), turn.local
    span = _FROM_TO.match(words)
    if span is not None and (first := parse_until(span["first"], now)) is not None:
        if first.date() > now.date():
            raise Overheard("leave/when_you_go")
        words = words[span.end() :]
    until = parse_until(words, now) if words else None
    if until is None or until <= now:
        raise Overheard("leave/until_when", example=now + timedelta(days=7))
    if until > now + LONGEST:
        raise Overheard("leave/too_long", until=until, days=LONGEST.days, example=now + timedelta(days=7))
    return until


@router.command("back")
def back(turn: Turn) -> Reply:
    """销假: new tasks come again; what moved stays where it is."""
    _at_work(turn)
    absence = on_leave(turn.session, turn.person.id, turn.now) if turn.person else None
    if absence is None:
        raise Overheard("leave/not_away")
    end_leave(turn.session, absence, turn.now)
    return turn.whisper("leave/back")


# --- resigning ------------------------------------------------------------------------------------


@router.command("resign")
def resign(turn: Turn) -> Reply:
    """不当楼长了: asked once more, since it cannot be undone by saying it."""
    turn.acting((Role.CAPTAIN,))
    turn.wait(
        ASKED_RESIGN,
        minutes=ASK_MINUTES,
        data={"community_id": turn.community.id},
        address=f"dm:{turn.inbound.sender}",
    )
    leaving = Leaving(turn.person.id if turn.person else 0, Role.CAPTAIN)
    turn.happened(leaving)
    return turn.whisper(
        "leave/resign_sure", places=_places(turn, _captain_posts(turn)), tasks=len(leaving.tasks)
    )


def _captain_posts(turn: Turn) -> list[Post]:
    """The speaker's posts as captain in this community."""
    held = posts_held(turn.session, turn.person.id, turn.now) if turn.person else ()
    return [p for p in held if p.role == Role.CAPTAIN and p.community_id in (None, turn.community.id)]


def _places(turn: Turn, posts: Collection[Post]) -> list[str]:
    """「3栋」: what the posts are for."""
    labels = [turn.directory.place_label(turn.community.id, p.estate_id, p.building_id, None) for p in posts]
    return list(dict.fromkeys(label or turn.community.name for label in labels))


@router.step(ASKED_RESIGN)
def resign_answered(turn: Turn) -> Reply | None:
    """确认 or 取消; anything else is something else."""
    wait, command = turn.waiting(), turn.reading.command
    if wait is None or command is None or command.verb not in ("yes", "no"):
        return None
    turn.in_community(wait.data["community_id"])
    turn.settle(wait)
    if command.verb == "no":
        return turn.whisper("leave/resign_kept")
    posts, person = _captain_posts(turn), turn.person
    if person is None or not posts:
        raise Refused("post/needed", posts=turn.role_names((Role.CAPTAIN,)))
    places = _places(turn, posts)
    left = _posts_over(turn, person, posts, reason="leave/reason_resigned")
    return turn.whisper("leave/resigned", places=places, gone=left.handed, kept=left.kept)


def _posts_over(turn: Turn, person: Person, posts: list[Post], *, reason: str) -> Left:
    """The posts end, their tasks move, the secretary is told, and which building has nobody now."""
    roles, places = {p.role for p in posts}, _places(turn, posts)
    end_posts(turn.session, posts, turn.now)
    changed(turn)
    left = Left(person.id, person.name, turn.world.texts.text(reason), for_good=True)
    turn.happened(left)
    everybody = turn.serving(anew=True)
    empty = [
        _places(turn, [p])[0]
        for p in posts
        if p.role == Role.CAPTAIN
        and not candidates(
            everybody,
            p.role,
            category="other",
            where=turn.directory.area(turn.community.id, p.estate_id, p.building_id),
        )
    ]
    for secretary in candidates(everybody, Role.SECRETARY, category="other", where=Area()):
        if turn.person is None or secretary.person_id != turn.person.id:
            turn.tell(
                secretary,
                "leave/secretary",
                name=person.name,
                role=turn.role_names(roles),
                places=places,
                empty=list(dict.fromkeys(empty)),
                moved=len(left.handed),
                kept=left.kept,
            )
    return left


# --- moving away ----------------------------------------------------------------------------------


@router.command("moved_out")
def moved_out(turn: Turn) -> Reply:
    """搬走 编号: the person is entered in no household any more; their posts in that building end."""
    person = _who(turn)
    home = turn.session.get(Household, person.household_id) if person.household_id is not None else None
    if home is None or home.community_id != turn.community.id:
        turn.acting((Role.CAPTAIN, Role.GRID_MEMBER, Role.SECRETARY))
        raise Overheard("leave/lives_nowhere", name=person.name)
    keeping(turn, home)
    label, owner, relation = home_label(turn, home), person.title_checked, person.relation
    posts = [p for p in posts_held(turn.session, person.id, turn.now) if p.building_id == home.building_id]
    move_out(person)
    changed(turn)
    if posts:
        _posts_over(turn, person, posts, reason="leave/reason_moved_out")
    if turn.person is None or person.id != turn.person.id:
        turn.tell(person.id, "leave/you_moved_out", name=person.name, home=label)
    places = _places(turn, posts)
    return turn.whisper(
        "leave/moved_out",
        name=person.name,
        home=label,
        owner=owner or relation is Relation.OWNER,
        places=places,
    )


def _who(turn: Turn) -> Person:
    """The person of a roster key, or of a claim's number; raises `Refused`."""
    said = turn.command.rest.strip(" :：#")
    keepers = (Role.CAPTAIN, Role.GRID_MEMBER, Role.SECRETARY)
    if not said:
        turn.acting(keepers)
        raise Overheard("leave/who")
    person = person_with_key(turn.session, said)
    if person is None and (number := re.fullmatch(r"[Nn]?-?(\d{1,6})", said)):
        claim = claim_numbered(turn.session, turn.community.id, int(number[1]))
        person = person_of_claim(turn.session, claim) if claim is not None and claim.decided_by else None
    if person is None or person.community_id not in (None, turn.community.id):
        # A key of another community is as unknown as none: its name is not theirs to read.
        turn.acting(keepers)
        raise Overheard("leave/unknown", wanted=said)
    return person
