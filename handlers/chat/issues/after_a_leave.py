"""Somebody went away or gave up a post: what was in their hands moves by itself."""

from __future__ import annotations

from bot.turns.router import Router
from bot.turns.turn import Turn
from handlers.chat.issues.assign import push
from handlers.chat.issues.issue import journey
from models.issues.find.hands import blower_of, heir, held_by
from models.issues.steps import whistles
from models.issues.tables import Assignment, Issue
from models.people.rules import ROLE_NAMES, Choice, Leaving, Left
from models.people.tables import Person

router = Router()


@router.on(Leaving)
def asked(turn: Turn, leaving: Leaving) -> None:
    """What would move."""
    held = held_by(turn.session, leaving.person_id)
    leaving.tasks.extend(issue.number for issue, own in held if own.role == leaving.role)


@router.on(Left)
def move_tasks(turn: Turn, left: Left) -> None:
    """Everything in the person's hands goes to the deputy, an equal or the next rung; reporters are not
    bothered. After a leave for good only what no other post of theirs covers moves, and it may not stay."""
    turn.session.flush()
    home = turn.known_community
    for issue, own in held_by(turn.session, left.person_id):
        turn.in_community(issue.community_id)
        # Read anew: the leave or the end of the post is only a moment old.
        everybody, area = turn.serving(anew=True), turn.area(issue)
        if left.for_good and any(
            s.person_id == left.person_id and s.role == own.role and s.covers(area) for s in everybody
        ):
            continue
        others = [a for a in journey(turn, issue).hands() if a.id != own.id]
        # In an emergency whoever was told together with them comes before the next rung; departments of one
        # whistle do not stand in for each other.
        told = [] if "whistle" in own.why else others
        without = {a.person_id for a in others} | (set() if left.for_good else {left.person_id})
        choice = heir(turn.session, issue, everybody, own, area, without=without, upwards=not told)
        if choice is None and not told and not left.for_good:
            left.kept.append(issue.number)
            _tell_street(turn, issue, own, left)
            continue
        journey(turn, issue).let_go(own, "moved_post" if left.for_good else "moved_leave")
        _take_over(turn, issue, own, told, choice, left)
    if home is not None:
        turn.in_community(home)


def _tell_street(turn: Turn, issue: Issue, own: Assignment, left: Left) -> None:
    """Whoever called a department hears that nobody is there."""
    street = blower_of(turn.session, issue) if "whistle" in own.why else None
    if street is not None and street != left.person_id:
        by = f"{own.department}{left.name}"
        turn.tell(street, "handed/whistle_kept", about=issue, by=by, reason=left.reason)


def _take_over(
    turn: Turn,
    issue: Issue,
    own: Assignment,
    others: list[Assignment],
    choice: Choice | None,
    left: Left,
) -> None:
    way = journey(turn, issue)
    if choice is not None:
        given = push(
            turn,
            issue,
            choice,
            holder=own.holder,
            key="handed/over",
            by=f"{ROLE_NAMES[own.role]}{left.name}",
            reason=left.reason,
            whistled="whistle" in own.why,
        )
        whistles.pass_duty(way, own.person_id, given.person_id)
        left.handed.append((issue.number, given.label))
    elif others and own.holder:
        way.promote(others[0])
        turn.tell(others[0].person_id, "handed/yours_now", about=issue)
        name = turn.session.get_one(Person, others[0].person_id).name
        left.handed.append((issue.number, ROLE_NAMES[others[0].role] + name))
    elif not others:
        way.record("nobody")
        left.kept.append(issue.number)
