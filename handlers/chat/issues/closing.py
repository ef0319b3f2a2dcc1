"""The end of a journey: closed, published, and everybody behind it asked for a rating."""

from __future__ import annotations

from bot.turns.turn import Turn
from models.issues.find.rows import backers, endorsement_count
from models.issues.rules import Status
from models.issues.steps import close as close_issue
from models.issues.tables import Issue
from models.record.steps import continue_chain


def close(turn: Turn, issue: Issue, *, ask: bool = True) -> None:
    """Close it, publish it, ask the others behind it for their rating (who confirms is asked in the
    answer)."""
    close_issue(turn.session, issue, turn.now)
    publish(turn, issue)
    for backing in backers(turn.session, issue) if ask else ():
        if backing.identity_id != turn.speaker_id and backing.score is None:
            turn.tell_identity(backing.identity_id, "reporter/rate", about=issue)


def publish(turn: Turn, issue: Issue) -> None:
    """An entry in the community's public record: facts only; of a sensitive matter nothing but that one was
    ended."""
    facts: dict[str, object] = {"status": issue.status.value}
    told = not issue.sensitive and not issue.hidden
    if told and issue.status is Status.CLOSED:
        facts |= {
            "number": issue.number,
            "title": turn.title(issue),
            "category": issue.category,
            "opened": issue.opened_at.isoformat(),
            "endorsements": endorsement_count(turn.session, issue),
        }
    elif told:
        facts |= {"category": issue.category}
    continue_chain(
        turn.session, issue.community_id, f"issue_{issue.status.value}", facts, turn.now, issue_id=issue.id
    )
