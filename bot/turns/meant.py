"""Which thing is meant: the number said, the message quoted, or the only one it can be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bot.language import command_word
from bot.turns.message import Overheard, Refused
from models.messages.find import spoke_of
from models.things.find import numbered, with_id
from models.things.rules import kinds

if TYPE_CHECKING:
    from bot.turns.turn import Turn

#: How many an answer to 「哪一件」 names.
NAMED = 5


def named(turn: Turn, verb: str, *kinds_for: str) -> list[Any]:
    """The things numbered in the command, or quoted, all of one of the kinds that the verb is for; raises
    `Refused` for an unknown number or another kind. Empty when none was named."""
    things = [_known(turn, number) for number in turn.command.numbers]
    if not things and (by_quote := quoted(turn)) is not None:
        things = [by_quote]
    if things and things[0].kind in kinds_for:
        kinds_for = (things[0].kind,)
    for thing in things:
        if not turn.posts() and not turn.world.kinds[thing.kind].seen(turn, thing):
            raise unknown(thing.number)
        if thing.kind not in kinds_for:
            raise _not_for(turn, verb, thing, kinds_for)
    return things


def _known(turn: Turn, number: int) -> Any:
    thing = numbered(turn.session, turn.community.id, number)
    if thing is None:
        raise unknown(number)
    return thing


def unknown(number: int) -> Refused:
    """That nothing has this number, or nothing that this person may know of."""
    return Overheard("number/unknown", wanted=number)


def quoted(turn: Turn) -> Any:
    """The thing that the quoted message of the bot spoke of; None without one."""
    inbound = turn.inbound
    if inbound.quote is None:
        return None
    about = spoke_of(turn.session, inbound.channel, inbound.chat, inbound.quote)
    thing = with_id(turn.session, about)
    if thing is not None:
        turn.in_community(thing.community_id)
    return thing


def only(turn: Turn, verb: str, choices: Sequence[Any]) -> Any:
    """The one it can only be; raises `Refused` with an example otherwise."""
    if len(choices) == 1:
        return choices[0]
    word = command_word(verb)
    if not choices:
        raise Overheard("number/none", verb=word)
    listed = [(thing.number, turn.title(thing)) for thing in choices[:NAMED]]
    raise Refused("number/which", verb=word, listed=listed)


def _not_for(turn: Turn, verb: str, thing: Any, wanted: Sequence[str]) -> Refused:
    """A number of another kind than the one kind the verb is for, or a verb that the kind does not know."""
    if not turn.world.kinds[thing.kind].seen(turn, thing):
        return unknown(thing.number)
    values = {
        "wanted": thing.number,
        "kind": kinds.titles[thing.kind],
        "verb": command_word(verb),
    }
    if len(wanted) == 1:
        return Refused("number/other_kind", needed=kinds.titles[wanted[0]], **values)
    return Refused("number/not_for_kind", **values)


def maybe_talk(turn: Turn) -> bool:
    """Whether the words may be talk in a group that only looks like a command (「完成」 「转给老王了」): then
    no answer, no row (promises 1 and 10)."""
    inbound, command = turn.inbound, turn.reading.command
    if inbound.direct or inbound.mention or inbound.quote is not None or command is None:
        return False
    if inbound.text.lstrip()[:1] in {"#", "＃"}:
        return False
    return not command.numbers or bool(command.rest)  # 「接单 1」 is a command whoever says it
