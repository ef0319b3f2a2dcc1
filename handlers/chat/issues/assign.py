"""Put an issue into somebody's hands and tell them: the first time, again one rung up, or with news."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bot.turns.router import Router
from bot.turns.turn import Turn
from handlers.chat.issues.issue import journey
from models.issues.find.hands import choose, least_loaded
from models.issues.find.rows import photos_of
from models.issues.rules import Urgency
from models.issues.tables import Assignment, Issue
from models.people.find.claims import home_and_name
from models.people.rules import LADDER, ROLE_NAMES, Choice, Equals, Role, Serving, above

router = Router()


@dataclass(frozen=True, slots=True)
class Given:
    """Who has it, as residents read it: `label` is 「楼栋长王建国」."""

    person_id: int
    label: str
    role_name: str


def hand_out(turn: Turn, issue: Issue, *, news: str = "") -> Given | None:
    """Choose who must act, write it down with the reason, push the task; whoever has it already is told the
    `news` instead."""
    had = journey(turn, issue).withdraw_offer()
    if issue.urgency is Urgency.EMERGENCY:
        return _emergency(turn, issue)
    choice = whom(turn, issue, LADDER)
    if choice is None:
        journey(turn, issue).record("nobody")
        return None
    if choice.who.person_id in had and news:
        journey(turn, issue).give(choice)
        _task(turn, issue, choice.who.person_id, news)
        return _given(choice.who)
    return push(turn, issue, choice)


def pass_news(turn: Turn, issue: Issue, news: str) -> None:
    """Whoever has it reads what came after the report."""
    for assignment in journey(turn, issue).hands():
        _task(turn, issue, assignment.person_id, news)


def raise_alarm(turn: Turn, issue: Issue, alarm: str, words: str) -> Given | None:
    """A task turned into an emergency: whoever has accepted it keeps it with the short limit, and the rungs
    above are told too, in the words that tell of the danger."""
    reporter = "" if issue.discreet else reporter_name(turn, issue, turn.identity.id)
    said: dict[str, Any] = {"words": words, "reporter": reporter}
    holder = journey(turn, issue).alarm(alarm)
    if holder is None:
        return _emergency(turn, issue, **said)
    _task(turn, issue, holder.person_id, "task/now_emergency", **said)
    _tell_beside(turn, issue, {holder.person_id}, (Role.PROPERTY_OFFICER, *above(holder.role)), **said)
    who = next((s for s in turn.serving() if s.person_id == holder.person_id and s.role == holder.role), None)
    return _given(who) if who else None


def whom(turn: Turn, issue: Issue, rungs: tuple[str, ...], without: set[int] | None = None) -> Choice | None:
    """Who of the first of these rungs that has somebody."""
    return choose(turn.session, issue, turn.serving(), rungs, turn.area(issue), without or ())


@router.on(Equals)
def share(turn: Turn, equals: Equals) -> None:
    """Of equals whoever has the fewest tasks is asked, for other errands too."""
    equals.who.append(least_loaded(turn.session, equals.people))


def _emergency(turn: Turn, issue: Issue, **said: Any) -> Given | None:
    """The property's duty post first where there is one, and up two rungs together; whoever accepts first has
    it."""
    first = whom(turn, issue, (Role.PROPERTY_OFFICER, *LADDER))
    if first is None:
        journey(turn, issue).record("nobody")
        return None
    given = push(turn, issue, first, **said)
    rungs = LADDER if first.who.role == Role.PROPERTY_OFFICER else above(first.who.role)
    _tell_beside(turn, issue, {first.who.person_id}, rungs, **said)
    return given


def _tell_beside(turn: Turn, issue: Issue, told: set[int], rungs: tuple[str, ...], **said: Any) -> None:
    """Two more beside whoever has it, one of each rung that has somebody."""
    for role in rungs:
        if len(told) < 3 and (choice := whom(turn, issue, (role,), told)) is not None:
            told.add(choice.who.person_id)
            push(turn, issue, choice, holder=False, **said)


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
    journey(turn, issue).give(choice, holder=holder)
    values = {**more, "why": explained(turn, choice)}
    _task(turn, issue, choice.who.person_id, key, reminder=reminder, **values)
    return _given(choice.who)


def _task(turn: Turn, issue: Issue, person_id: int, key: str, *, reminder: bool = False, **more: Any) -> None:
    values = {**task_values(turn, issue), **more}
    turn.tell(person_id, key, about=issue, reminder=reminder, images=photo_links(turn, issue), **values)


def explained(turn: Turn, choice: Choice) -> str:
    """Why this person, in words (promise 7)."""
    key = "why/transferred" if "transferred_by" in choice.why else "why/chosen"
    return turn.world.texts.text(key, **choice.why, role_name=ROLE_NAMES[choice.who.role])


def escalate(
    turn: Turn, issue: Issue, holder: Assignment | None, reason: str, *, tell_before: bool = True
) -> Given | None:
    """One rung up, told to both sides; None when nobody is above."""
    way = journey(turn, issue)
    told = {a.person_id for a in way.hands()}
    choice = whom(turn, issue, above(holder.role) if holder else LADDER, told)
    if choice is None:
        return None
    urgent = issue.urgency is Urgency.EMERGENCY
    way.go_up(holder, choice, reason)
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


def _given(who: Serving) -> Given:
    return Given(who.person_id, who.label, ROLE_NAMES[who.role])


def task_values(turn: Turn, issue: Issue) -> dict[str, Any]:
    """What an officer reads of an issue: the words, the exact place, the reporter unless the matter is
    sensitive."""
    place = turn.directory.place_label(issue.community_id, issue.estate_id, issue.building_id, issue.unit)
    there = any(s.role == Role.PROPERTY_OFFICER for s in turn.serving())
    return {
        "words": issue.text or "",
        "place": place + (issue.room or ""),
        "urgency": issue.urgency.value,
        "reporter": "" if issue.sensitive or issue.discreet else reporter_name(turn, issue),
        "property": there and Role.PROPERTY_OFFICER not in issue.accused,
        "limit": turn.world.texts.text(f"task/accept_{issue.urgency.value}"),
    }


def reporter_name(turn: Turn, issue: Issue, identity_id: int | None = None) -> str:
    """Who reported it (or another account behind it), for the one who must go there."""
    wanted = identity_id or issue.reporter_id
    found = home_and_name(turn.session, wanted) if wanted is not None else None
    if found is None:
        return ""
    name, building_id, unit, room = found
    where = (
        turn.directory.place_label(issue.community_id, None, building_id, unit) + room if building_id else ""
    )
    return f"{where} {name}".strip()


def photo_links(turn: Turn, issue: Issue) -> tuple[str, ...]:
    """Signed addresses of an issue's photos, for those who work on it."""
    if turn.photos or turn.inbound.channel == "":
        return tuple(turn.photo_link(photo.digest) for photo in photos_of(turn.session, issue))
    return ()
