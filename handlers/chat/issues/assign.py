"""Put an issue into somebody's hands and tell them: the first time, again one rung up, or with news."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, select

from bot.turns.turn import Turn
from models.issues.find.hands import active_assignments, choose
from models.issues.rules import Urgency
from models.issues.steps import end_assignments, end_hold, give, record, start, stop
from models.issues.tables import Assignment, Issue, Photo
from models.people.rules import LADDER, ROLE_NAMES, Choice, Role, Serving, above
from models.people.tables import Identity, Person
from models.places.tables import Household
from models.things.rules import Due
from models.time import limit_from


@dataclass(frozen=True, slots=True)
class Given:
    """Who has it, as residents read it: `label` is 「楼栋长王建国」."""

    person_id: int
    label: str
    role: Role
    role_name: str


def hand_out(turn: Turn, issue: Issue, *, again: bool = True, news: str = "") -> Given | None:
    """Choose who must act, write it down with the reason, push the task. With `again` False whoever has it is
    told the `news`."""
    if not again:
        for assignment in active_assignments(turn.session, issue):
            turn.tell(
                assignment.person_id,
                news,
                about=issue,
                images=photo_links(turn, issue),
                **task_values(turn, issue),
            )
        return None
    had = {a.person_id for a in end_assignments(turn.session, issue, turn.now)}
    stop(turn.session, issue, turn.now, Due.ACCEPT)
    if issue.urgency is Urgency.EMERGENCY:
        return _emergency(turn, issue)
    choice = _choose(turn, issue, LADDER)
    if choice is None:
        return _nobody(turn, issue)
    if choice.who.person_id in had and news:
        give(turn.session, turn.world.rules, issue, choice, turn.now)
        turn.tell(choice.who, news, about=issue, images=photo_links(turn, issue), **task_values(turn, issue))
        return _given(choice.who)
    return push(turn, issue, choice)


def raise_alarm(turn: Turn, issue: Issue, words: str) -> Given | None:
    """A task turned into an emergency: whoever has accepted it keeps it with the short limit, and the rungs
    above are told too, in the words
    that tell of the danger."""
    said: dict[str, Any] = {
        "words": words,
        "reporter": "" if issue.discreet else reporter_name(turn, issue, turn.identity.id),
    }
    end_hold(turn.session, issue, turn.now)
    stop(turn.session, issue, turn.now, Due.ACCEPT, Due.RESOLVE)
    holder = next(
        (a for a in active_assignments(turn.session, issue) if a.holder and a.accepted_at is not None), None
    )
    if holder is None:
        end_assignments(turn.session, issue, turn.now)
        return _emergency(turn, issue, **said)
    start(
        turn.session,
        issue,
        Due.RESOLVE,
        limit_from(turn.now, turn.world.rules.resolve[issue.urgency]),
        assignment_id=holder.id,
    )
    turn.tell(
        holder.person_id,
        "task/now_emergency",
        about=issue,
        images=photo_links(turn, issue),
        **{**task_values(turn, issue), **said},
    )
    told = {holder.person_id}
    for role in (Role.PROPERTY_OFFICER, *above(holder.role)):
        choice = _choose(turn, issue, (role,), frozenset(told)) if len(told) < 3 else None
        if choice is not None:
            told.add(choice.who.person_id)
            push(turn, issue, choice, holder=False, **said)
    who = next((s for s in turn.serving() if s.person_id == holder.person_id and s.role is holder.role), None)
    return _given(who) if who else None


def _choose(
    turn: Turn, issue: Issue, rungs: tuple[Role, ...], without: frozenset[int] = frozenset()
) -> Choice | None:
    return choose(
        turn.session,
        turn.serving(),
        rungs=rungs,
        category=issue.category,
        where=turn.area(issue),
        against=tuple(filter(None, issue.against.split(","))),
        without=without,
    )


def _emergency(turn: Turn, issue: Issue, **said: Any) -> Given | None:
    """The property's duty post first where there is one, and up two rungs together; whoever accepts first has
    it."""
    first = _choose(turn, issue, (Role.PROPERTY_OFFICER, *LADDER))
    if first is None:
        return _nobody(turn, issue)
    given = push(turn, issue, first, **said)
    told = {first.who.person_id}
    rungs = LADDER if first.who.role is Role.PROPERTY_OFFICER else above(first.who.role)
    for role in rungs:
        if len(told) > 2:
            break
        choice = _choose(turn, issue, (role,), frozenset(told))
        if choice is not None:
            told.add(choice.who.person_id)
            push(turn, issue, choice, holder=False, **said)
    return given


def push(
    turn: Turn,
    issue: Issue,
    choice: Choice,
    *,
    holder: bool = True,
    key: str = "task/new",
    reminder: bool = False,
    **more: Any,
) -> Given:
    """Give it to one person and send the task with its taps; by day only, when a clock and not a person is
    the reason."""
    give(turn.session, turn.world.rules, issue, choice, turn.now, holder=holder)
    values = {**task_values(turn, issue), **more, "why": explained(turn, choice)}
    turn.tell(choice.who, key, about=issue, reminder=reminder, images=photo_links(turn, issue), **values)
    return _given(choice.who)


def explained(turn: Turn, choice: Choice) -> str:
    """Why this person, in words (promise 7)."""
    key = "why/transferred" if "transferred_by" in choice.why else "why/chosen"
    return turn.world.texts.text(key, **choice.why, role_name=ROLE_NAMES[choice.who.role])


def escalate(
    turn: Turn, issue: Issue, holder: Assignment | None, reason: str, *, tell_before: bool = True
) -> Given | None:
    """One rung up, told to both sides."""
    rungs = above(holder.role) if holder else LADDER
    told = frozenset(a.person_id for a in active_assignments(turn.session, issue))
    choice = _choose(turn, issue, rungs, told)
    if choice is None:
        return None
    urgent = issue.urgency is Urgency.EMERGENCY
    if urgent and holder is not None:
        # In danger nobody is sent home: whoever was told may still take it.
        holder.holder = False
        turn.session.flush()
    else:
        end_assignments(turn.session, issue, turn.now)
    stop(turn.session, issue, turn.now, Due.ACCEPT, met=False)
    record(turn.session, issue, turn.now, "escalated", role=choice.who.role, reason=reason)
    given = push(
        turn,
        issue,
        choice,
        key="task/escalated",
        reminder=not urgent and tell_before,
        reason=turn.world.texts.text(f"why/{reason}"),
        before=ROLE_NAMES[holder.role] if holder else "",
    )
    if holder is not None and tell_before:
        key = "task/went_up_too" if urgent else "task/went_up"
        turn.tell(holder.person_id, key, about=issue, reminder=not urgent, to=choice.who.label)
    return given


def _nobody(turn: Turn, issue: Issue) -> Given | None:
    """No post is filled for it: it stays open and the history says so, so that the secretary's figures show
    it."""
    record(turn.session, issue, turn.now, "nobody")
    return None


def _given(who: Serving) -> Given:
    return Given(who.person_id, who.label, who.role, ROLE_NAMES[who.role])


def task_values(turn: Turn, issue: Issue) -> dict[str, Any]:
    """What an officer reads of an issue: the words, the exact place, the reporter unless the matter is
    sensitive."""
    place = turn.directory.place_label(issue.community_id, issue.estate_id, issue.building_id, issue.unit)
    return {
        "words": issue.text or "",
        "place": place + (issue.room or ""),
        "urgency": issue.urgency.value,
        "reporter": "" if issue.sensitive or issue.discreet else reporter_name(turn, issue),
        "property": any(s.role is Role.PROPERTY_OFFICER for s in turn.serving())
        and "property_officer" not in issue.against,
        "limit": turn.world.texts.text(f"task/accept_{issue.urgency.value}"),
    }


_REPORTER = (
    select(Person.name, Household.building_id, Household.unit, Household.room)
    .join(Identity, Identity.person_id == Person.id)
    .outerjoin(Household, Person.household_id == Household.id)
    .where(Identity.id == bindparam("identity"))
)


def reporter_name(turn: Turn, issue: Issue, identity_id: int | None = None) -> str:
    """Who reported it (or another account behind it), for the one who must go there."""
    wanted = identity_id or issue.reporter_id
    if wanted is None:
        return ""
    turn.session.flush()
    found = turn.session.connection().execute(_REPORTER, {"identity": wanted}).first()
    if found is None:
        return ""
    where = (
        f"{turn.directory.place_label(issue.community_id, None, found.building_id, found.unit)}{found.room}"
        if found.building_id
        else ""
    )
    return f"{where} {found.name}".strip()


def photo_links(turn: Turn, issue: Issue) -> tuple[str, ...]:
    """Signed addresses of an issue's photos, for those who work on it."""
    if turn.photos or turn.inbound.channel == "":
        digests = list(
            turn.session.scalars(select(Photo.digest).where(Photo.issue_id == issue.id).order_by(Photo.id))
        )
        return tuple(turn.photo_link(d) for d in digests)
    return ()
