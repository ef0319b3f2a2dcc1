"""An issue in a turn: its title, its journey, which one is meant, who is told of it and where."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bot.turns.message import Reply
from bot.turns.turn import Turn
from models.issues.find.hands import held_by
from models.issues.find.rows import backed_by, backers, backing_of
from models.issues.rules import LIVE, Status, issue_title
from models.issues.steps.journey import Journey
from models.issues.tables import Endorsement, Issue
from models.people.rules import Role

Among = Callable[[Turn], list[Issue]]


def title(turn: Turn, issue: Issue) -> str:
    """「3栋2单元 · 电梯故障」: place, spot and category, never the resident's words (promise 12)."""
    place = turn.directory.place_label(issue.community_id, issue.estate_id, issue.building_id, issue.unit)
    return issue_title(place, issue.spot, turn.world.rules.category(issue.category).title)


def journey(turn: Turn, issue: Issue) -> Journey:
    """The steps of this issue in this turn."""
    return Journey(turn.session, turn.world.rules, issue, turn.now)


def backed(*statuses: Status) -> Among:
    """The issues a resident can mean: their own in these states."""
    return lambda turn: backed_by(turn.session, turn.community.id, turn.identity.id, statuses)


def in_hand(*statuses: Status, accepted: bool | None = None) -> Among:
    """The issues an officer can mean: what is in their hands in these states (live ones when none is named),
    accepted or not yet."""

    def among(turn: Turn) -> list[Issue]:
        if turn.person is None:
            return []
        tasks = held_by(turn.session, turn.person.id, turn.community.id, statuses=statuses or LIVE)
        return [
            issue for issue, own in tasks if accepted is None or (own.accepted_at is not None) == accepted
        ]

    return among


def own_backing(turn: Turn, issue: Issue) -> Endorsement | None:
    """The speaker's own row behind the issue."""
    return backing_of(turn.session, issue, turn.identity.id)


def visible(turn: Turn, issue: Issue) -> bool:
    """Who may read a sensitive issue: its reporters, its handlers, and nobody else; the others are
    everybody's."""
    if issue.public or any(p.role in (Role.SECRETARY, Role.STREET_OFFICER) for p in turn.posts()):
        return True
    if own_backing(turn, issue) is not None:
        return True
    hands = journey(turn, issue).hands() if turn.person is not None and issue.live else []
    return any(turn.person is not None and a.person_id == turn.person.id for a in hands)


def acknowledge(turn: Turn, issue: Issue, key: str, **values: Any) -> Reply:
    """Say it where it was said, or in private with no detail in the group when the matter is sensitive."""
    return (turn.whisper if issue.sensitive else turn.say)(key, about=issue, **values)


def tell_backers(turn: Turn, issue: Issue, key: str, *, reminder: bool = False, **values: Any) -> None:
    """Tell everybody who reported or endorsed it, in their direct chats."""
    for backing in backers(turn.session, issue):
        if backing.identity_id != turn.speaker_id:
            turn.tell_identity(backing.identity_id, key, about=issue, reminder=reminder, **values)


def tell_hands(turn: Turn, issue: Issue, key: str, *, but: int | None = None, **values: Any) -> None:
    """Tell everybody who has it, but one."""
    for assignment in journey(turn, issue).hands():
        if assignment.person_id != but:
            turn.tell(assignment.person_id, key, about=issue, **values)
