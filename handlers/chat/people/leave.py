"""Tasks move by themselves: 请假 到12月5日, 销假, 不当楼长了, 搬走 编号."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.language import parse_until
from bot.turns.message import Refused, Reply
from bot.turns.router import Router
from bot.turns.turn import Turn
from handlers.chat.issues.assign import push
from handlers.chat.people.membership import changed, home_label, keeping
from models.issues.find.hands import active_assignments, blower_of, heir, in_hands
from models.issues.rules import Status
from models.issues.steps import drop_hold_request, pass_whistle, record, start, stop
from models.issues.tables import Assignment, Issue
from models.people.find.claims import claim_numbered, person_with_key
from models.people.find.serving import on_leave, posts_held, serving
from models.people.rules import HANDLERS, ROLE_NAMES, Area, Choice, Relation, Role, candidates
from models.people.steps import begin_leave, end_leave, end_posts, move_out
from models.people.tables import Identity, Person, Post
from models.places.tables import Household
from models.things.rules import Due
from models.time import CHINA, limit_from

router = Router()

ASKED_RESIGN = "resign"
ASK_MINUTES = 10
#: A longer leave is a slip of the finger (a day that is past is read as next year's) or no leave.
LONGEST = timedelta(days=180)
_FROM_TO = re.compile(r"^(?P<first>.+?)\s*(?:到|至)")


# --- moving tasks
# ---------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Moved:
    """What became of somebody's tasks: (number, to whom) of each that went over, and the numbers nobody else
    could take."""

    gone: list[tuple[int, str]] = field(default_factory=list)
    kept: list[int] = field(default_factory=list)


def move_tasks(turn: Turn, person: Person, what: str, *, reason: str, leaving: bool = False) -> Moved:
    """Everything in the person's hands goes to the deputy, an equal or the next rung; reporters are not
    bothered.

    `what` is the line of the history. With `leaving` a post ended: only what no other post of theirs covers
    moves, and it may not stay.
    """
    turn.session.flush()
    home, moved = turn.known_community, Moved()
    for issue, own in in_hands(turn.session, person.id):
        turn.in_community(issue.community_id)
        # Read anew: the leave or the end of the post is only a moment old.
        everybody = serving(turn.session, issue.community_id, turn.now)
        area = turn.area(issue)
        if leaving and any(
            s.person_id == person.id and s.role is own.role and s.covers(area) for s in everybody
        ):
            continue
        others = [a for a in active_assignments(turn.session, issue) if a.id != own.id]
        without = {a.person_id for a in others} | (set() if leaving else {person.id})
        against = tuple(filter(None, issue.against.split(",")))
        # In an emergency whoever was told together with them comes before the next rung; departments of one
        # whistle do not stand in for each other.
        told = [] if "whistle" in own.why else others
        choice = heir(
            turn.session,
            everybody,
            own,
            category=issue.category,
            where=area,
            against=against,
            without=without,
            upwards=not told,
        )
        if choice is None and not told and not leaving:
            moved.kept.append(issue.number)
            _tell_street(turn, issue, own, person, reason)
            continue
        _let_go(turn, issue, own, what)
        _take_over(
            turn, issue, own, told, choice, moved, by=f"{ROLE_NAMES[own.role]}{person.name}", reason=reason
        )
    if home is not None:
        turn.in_community(home)
    return moved


def _tell_street(turn: Turn, issue: Issue, own: Assignment, person: Person, reason: str) -> None:
    """Whoever called a department hears that nobody is there."""
    street = blower_of(turn.session, issue) if "whistle" in own.why else None
    if street is not None and street != person.id:
        turn.tell(
            street, "leave/whistle_kept", about=issue, by=f"{own.department}{person.name}", reason=reason
        )


def _let_go(turn: Turn, issue: Issue, own: Assignment, what: str) -> None:
    own.ended_at = turn.now
    turn.session.flush()
    record(turn.session, issue, turn.now, what, role=own.role, person_id=own.person_id)
    if own.holder:
        stop(turn.session, issue, turn.now, Due.ACCEPT, Due.HOLD_APPROVAL)
        drop_hold_request(turn.session, issue, turn.now)
        if issue.status is Status.ACCEPTED:
            issue.move_to(Status.OPEN, turn.now)


def _take_over(
    turn: Turn,
    issue: Issue,
    own: Assignment,
    others: list[Assignment],
    choice: Choice | None,
    moved: Moved,
    *,
    by: str,
    reason: str,
) -> None:
    if choice is not None:
        given = push(
            turn,
            issue,
            choice,
            holder=own.holder,
            key="leave/handed",
            by=by,
            reason=reason,
            whistled="whistle" in own.why,
        )
        pass_whistle(turn.session, issue, own.person_id, given.person_id)
        moved.gone.append((issue.number, given.label))
    elif others and own.holder:
        _promote(turn, issue, others[0])
        moved.gone.append(
            (
                issue.number,
                ROLE_NAMES[others[0].role] + turn.session.get_one(Person, others[0].person_id).name,
            )
        )
    elif not others:
        record(turn.session, issue, turn.now, "nobody")
        moved.kept.append(issue.number)


def _promote(turn: Turn, issue: Issue, other: Assignment) -> None:
    """Nobody new, but somebody was told together with them: it is theirs now."""
    other.holder = True
    start(
        turn.session,
        issue,
        Due.ACCEPT,
        limit_from(turn.now, turn.world.rules.accept[issue.urgency]),
        assignment_id=other.id,
    )
    record(turn.session, issue, turn.now, "given", role=other.role, person_id=other.person_id)
    turn.tell(other.person_id, "leave/yours_now", about=issue)


# --- leave
# ----------------------------------------------------------------------------------------------------------------


@router.command("leave")
def leave(turn: Turn) -> Reply:
    """请假 到12月5日."""
    _at_work(turn)
    person = turn.person
    assert person is not None  # noqa: S101 - whoever acts in a post is a person
    until = _until(turn)
    begin_leave(turn.session, person.id, turn.now, until)
    moved = move_tasks(
        turn, person, "moved_leave", reason=turn.world.texts.text("leave/reason_leave", until=until)
    )
    return turn.whisper("leave/on", until=until, gone=moved.gone, kept=moved.kept)


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
    words, now = turn.command.rest.strip(), turn.now.astimezone(CHINA)
    span = _FROM_TO.match(words)
    if span is not None and (first := parse_until(span["first"], now)) is not None:
        if first.date() > now.date():
            raise Refused("leave/when_you_go", private=True)
        words = words[span.end() :]
    until = parse_until(words, now) if words else None
    if until is None or until <= now:
        raise Refused("leave/until_when", private=True, example=now + timedelta(days=7))
    if until > now + LONGEST:
        raise Refused(
            "leave/too_long", private=True, until=until, days=LONGEST.days, example=now + timedelta(days=7)
        )
    return until


@router.command("back")
def back(turn: Turn) -> Reply:
    """销假: new tasks come again; what moved stays where it is."""
    _at_work(turn)
    absence = on_leave(turn.session, turn.person.id, turn.now) if turn.person else None
    if absence is None:
        raise Refused("leave/not_away", private=True)
    end_leave(turn.session, absence, turn.now)
    return turn.whisper("leave/back")


# --- resigning
# ------------------------------------------------------------------------------------------------------------


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
    tasks = (
        len([own for _, own in in_hands(turn.session, turn.person.id) if own.role is Role.CAPTAIN])
        if turn.person
        else 0
    )
    return turn.whisper("leave/resign_sure", places=_places(turn, _captain_posts(turn)), tasks=tasks)


def _captain_posts(turn: Turn) -> list[Post]:
    """The speaker's posts as captain in this community."""
    held = posts_held(turn.session, turn.person.id, turn.now) if turn.person else ()
    return [p for p in held if p.role is Role.CAPTAIN and p.community_id in (None, turn.community.id)]


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
        raise Refused("post/needed", private=True, posts=turn.role_names((Role.CAPTAIN,)))
    places = _places(turn, posts)
    moved = _posts_over(turn, person, posts, reason="leave/reason_resigned")
    return turn.whisper("leave/resigned", places=places, gone=moved.gone, kept=moved.kept)


def _posts_over(turn: Turn, person: Person, posts: list[Post], *, reason: str) -> Moved:
    """The posts end, their tasks move, the secretary is told, and which building has nobody now."""
    roles, places = {p.role for p in posts}, _places(turn, posts)
    end_posts(turn.session, posts, turn.now)
    changed(turn)
    moved = move_tasks(turn, person, "moved_post", reason=turn.world.texts.text(reason), leaving=True)
    everybody = serving(turn.session, turn.community.id, turn.now)
    empty = [
        _places(turn, [p])[0]
        for p in posts
        if p.role is Role.CAPTAIN
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
                moved=len(moved.gone),
                kept=moved.kept,
            )
    return moved


# --- moving away
# ----------------------------------------------------------------------------------------------------------


@router.command("moved_out")
def moved_out(turn: Turn) -> Reply:
    """搬走 编号: the person is entered in no household any more; their posts in that building end."""
    person = _who(turn)
    home = turn.session.get(Household, person.household_id) if person.household_id is not None else None
    if home is None or home.community_id != turn.community.id:
        turn.acting((Role.CAPTAIN, Role.GRID_MEMBER, Role.SECRETARY))
        raise Refused("leave/lives_nowhere", private=True, name=person.name)
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
        raise Refused("leave/who", private=True)
    person = person_with_key(turn.session, said)
    if person is None and (number := re.fullmatch(r"[Nn]?-?(\d{1,6})", said)):
        claim = claim_numbered(turn.session, turn.community.id, int(number[1]))
        identity = (
            turn.session.get(Identity, claim.identity_id)
            if claim is not None and claim.decided_by is not None
            else None
        )
        person = (
            turn.session.get(Person, identity.person_id)
            if identity is not None and identity.person_id is not None
            else None
        )
    if person is None or person.community_id not in (None, turn.community.id):
        # A key of another community is as unknown as none: its name is not theirs to read.
        turn.acting(keepers)
        raise Refused("leave/unknown", private=True, wanted=said)
    return person
