"""Which issue is meant: the number said, the message quoted, or the only one it can be."""

from __future__ import annotations

from collections.abc import Sequence

from bot.language import command_word
from bot.message import Refused
from bot.turn import Turn
from models.issues import LIVE, Issue, Status
from models.journey import backed_by, by_number, held_by, quoted_issue
from models.people import Role

#: How many an answer to 「哪一件」 names.
NAMED = 5


def named(turn: Turn) -> list[Issue]:
    """The issues numbered in the command, or quoted; raises `Refused` for an unknown number. Empty when none
    was named."""
    found = [_known(turn, number) for number in turn.command.numbers]
    if found:
        return found
    by_quote = quoted(turn)
    return [by_quote] if by_quote else []


def _known(turn: Turn, number: int) -> Issue:
    issue = by_number(turn.session, turn.community.id, number)
    if issue is None:
        raise Refused("number/unknown", wanted=number)
    return issue


def quoted(turn: Turn) -> Issue | None:
    """The issue that the quoted message of the bot spoke of."""
    if turn.inbound.quote is None:
        return None
    issue = quoted_issue(turn.session, turn.inbound.channel, turn.inbound.chat, turn.inbound.quote)
    if issue is not None:
        turn.in_community(issue.community_id)
    return issue


def mine(turn: Turn, verb: str, statuses: Sequence[Status]) -> Issue:
    """The issue a resident means: numbered, quoted, or the only one of theirs in these states."""
    if said := named(turn):
        return said[0]
    return only(turn, verb, backed_by(turn.session, turn.community.id, turn.identity.id, statuses))


def in_hand(
    turn: Turn, verb: str, statuses: Sequence[Status] = LIVE, *, accepted: bool | None = None
) -> list[Issue]:
    """The issues an officer means: numbered, quoted, or the only one in their hands that it can be."""
    if said := named(turn):
        return said
    tasks = held_by(turn.session, turn.community.id, turn.person.id) if turn.person else []
    fitting = [
        issue
        for issue, a in tasks
        if issue.status in statuses and (accepted is None or (a.accepted_at is not None) == accepted)
    ]
    return [only(turn, verb, fitting)]


def only(turn: Turn, verb: str, choices: Sequence[Issue]) -> Issue:
    """The one it can only be; raises `Refused` with an example otherwise."""
    if len(choices) == 1:
        return choices[0]
    word = command_word(verb)
    if not choices:
        raise Refused("number/none", verb=word)
    listed = [(issue.number, turn.title(issue)) for issue in choices[:NAMED]]
    raise Refused("number/which", verb=word, listed=listed)


def visible(turn: Turn, issue: Issue, *, backing: bool) -> bool:
    """Who may read a sensitive issue: its reporters, its handlers, and nobody else; the others are
    everybody's."""
    if not issue.sensitive and not issue.hidden:
        return True
    officers = {Role.SECRETARY, Role.STREET_OFFICER}
    if backing or any(p.role in officers for p in turn.posts()):
        return True
    return turn.person is not None and any(
        i.id == issue.id for i, _ in held_by(turn.session, issue.community_id, turn.person.id)
    )
