"""From what was understood to the one handler for it. Handlers return the reply; they cannot send."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from bot.turns import meant
from bot.turns.world import Kind
from models.messages.rules import steps
from models.things.find import with_id
from models.things.rules import deadline_kinds, kinds

if TYPE_CHECKING:
    from bot.turns.message import Reply
    from bot.turns.turn import Turn

Handler = Callable[["Turn"], "Reply | None"]
#: Of a command on things: the turn, and the thing meant (or all of them).
OnThing = Callable[["Turn", Any], "Reply | None"]
#: The things a command can mean when none was named.
Among = Callable[["Turn"], Sequence[Any]]
#: What nobody's message caused: a deadline and its thing, a question left open, a message given up, an event.
Quietly = Callable[..., Any]
F = TypeVar("F", bound=Callable[..., Any])
H = TypeVar("H", bound=Handler)
On = TypeVar("On", bound=OnThing)
Q = TypeVar("Q", bound=Quietly)


@dataclass(frozen=True, slots=True)
class Command:
    """What one verb does to one kind of things."""

    handler: OnThing
    among: Among
    several: bool


@dataclass(frozen=True, slots=True)
class Meaning:
    """What free text of one intent does; `of` is the kind of things it may quote."""

    handler: Handler
    of: str | None


@dataclass(frozen=True, slots=True)
class Step:
    """What an answer to a question does, and what silence does."""

    answered: Handler
    unanswered: Quietly | None


def question(name: str) -> str:
    """Declare what a conversation can wait for."""
    return steps.add(name)


class Nobody(LookupError):
    """Something that can be said, fall due or be waited for has no handler; the message names it."""


class Router:
    """What one errand answers to. `include` puts errands together; the same key twice is a mistake found at
    start."""

    def __init__(self) -> None:
        self.kinds: dict[str, Kind] = {}
        self.plain: dict[str, Handler] = {}
        #: (verb, kind) → what it does.
        self.on_things: dict[tuple[str, str], Command] = {}
        self.intents: dict[str, Meaning] = {}
        self.steps: dict[str, Step] = {}
        self.dues: dict[str, Quietly] = {}
        #: `recall`, `media`, `digest`, `given_up` and what steps say happened, by type: any number of handlers.
        self.events: dict[Any, list[Quietly]] = {}

    # --- what an errand declares -------------------------------------------------------------------

    def kind(
        self, name: str, *, title: Callable[[Turn, Any], str], page: str, seen: Callable[[Turn, Any], bool]
    ) -> Callable[[On], On]:
        """Declare a kind of things; decorates what follows within two minutes of one."""
        return _into(self.kinds, (name,), lambda follow: Kind(title, page, seen, follow))

    def command(self, *verbs: str) -> Callable[[H], H]:
        """Verbs of config/lexicon/commands.yaml that name no thing, or find it themselves."""
        return _into(self.plain, verbs)

    def command_on(self, kind: str, *verbs: str, among: Among, several: bool = False) -> Callable[[On], On]:
        """Verbs on one kind of things: the handler gets the one that is numbered, quoted, or the only one
        `among` offers; with `several` all that were named."""
        keys = [(verb, kind) for verb in verbs]
        return _into(self.on_things, keys, lambda handler: Command(handler, among, several))

    def intent(self, *intents: str, of: str | None = None) -> Callable[[H], H]:
        """What free text means; `of` a kind of things, it is not for this handler when it quotes another."""
        return _into(self.intents, intents, lambda handler: Meaning(handler, of))

    def step(self, name: str, *, unanswered: Quietly | None = None) -> Callable[[H], H]:
        """What a conversation waits for. The handler returns None when the message is something else after
        all."""
        return _into(self.steps, (name,), lambda handler: Step(handler, unanswered))

    def due(self, what: str) -> Callable[[Q], Q]:
        """What happens when a deadline passes."""
        return _into(self.dues, (what,))

    def on(self, event: Any) -> Callable[[Q], Q]:
        """An event by name, or by the type in which a step says what happened."""

        def put(handler: Q) -> Q:
            self.events.setdefault(event, []).append(handler)
            return handler

        return put

    def include(self, other: Router) -> None:
        """Take over another router's handlers."""
        for table in ("kinds", "plain", "on_things", "intents", "steps", "dues"):
            for key, handler in getattr(other, table).items():
                _once(getattr(self, table), key, handler)
        for event, handlers in other.events.items():
            self.events.setdefault(event, []).extend(handlers)

    def check(self, verbs: Collection[str]) -> None:
        """Everything declared has its handler; raises `Nobody` naming what has not."""
        of = {kind for _, kind in self.on_things} | {m.of for m in self.intents.values() if m.of}
        alone: list[str] = []
        for what, declared, handled in (
            ("verb", verbs, {*self.plain, *(verb for verb, _ in self.on_things)}),
            (deadline_kinds.what, deadline_kinds.titles, self.dues),
            (steps.what, steps.titles, self.steps),
            (kinds.what, kinds.titles, self.kinds),
            (kinds.what, kinds.titles.keys() & of, of),
        ):
            alone += [f"{what} {name!r}" for name in declared if name not in handled]
            alone += [f"handler of an unknown {what} {name!r}" for name in handled if name not in declared]
        if alone:
            raise Nobody("nobody handles: " + ", ".join(alone))

    # --- which handler ----------------------------------------------------------------------------

    def route(self, turn: Turn, *, waits: bool) -> Reply | None:
        """The first handler that takes it: what the conversation waits for, then the command, then the
        two-minute context, then the meaning, then the fallback."""
        inbound, reading = turn.inbound, turn.reading
        if inbound.recalled is not None:
            return self._first("recall", turn)
        if inbound.media and not inbound.text:
            return self._first("media", turn)
        wait = turn.waiting() if waits else None
        if wait is not None and wait.until > turn.now and (step := self.steps.get(wait.step)):
            reply = step.answered(turn)
            if reply is not None:
                return reply
        if reading.command is not None:
            verb = reading.command.verb
            if verb in self.plain:
                return self.plain[verb](turn)
            if on := {kind: command for (v, kind), command in self.on_things.items() if v == verb}:
                return _command(turn, verb, on)
        # A report is never the rest of another one, so the last thing need not be read.
        recent = turn.recent if reading.intent != "report" else None
        if recent is not None and (thing := with_id(turn.session, recent.thing_id)) is not None:
            reply = self.kinds[thing.kind].follow(turn, thing)
            if reply is not None:
                return reply
        meaning = self.intents.get(reading.intent, self.intents["fallback"])
        if (
            meaning.of is not None
            and (quoted := meant.quoted(turn)) is not None
            and quoted.kind != meaning.of
        ):
            meaning = self.intents["fallback"]
        return meaning.handler(turn)

    def _first(self, event: str, turn: Turn) -> Reply | None:
        replies = (handler(turn) for handler in self.events.get(event, ()))
        return next((reply for reply in replies if reply is not None), None)

    def happened(self, turn: Turn, event: object) -> None:
        """Tell whoever listens what a step did, in the same transaction; an event may have fields for what
        they did."""
        for handler in self.events.get(type(event), ()):
            handler(turn, event)


def _command(turn: Turn, verb: str, on: dict[str, Command]) -> Reply | None:
    """The verb on what was numbered or quoted, else on the only thing it can mean."""
    named = meant.named(turn, verb, *on)
    if named:
        command = on[named[0].kind]
    else:
        choices = [(command, thing) for command in on.values() for thing in command.among(turn)]
        only = meant.only(turn, verb, [thing for _, thing in choices])
        command, named = next(command for command, thing in choices if thing is only), [only]
    return command.handler(turn, named if command.several else named[0])


def _into(
    table: dict[Any, Any], keys: Iterable[Any], made: Callable[[Any], Any] = lambda handler: handler
) -> Callable[[F], F]:
    def put(handler: F) -> F:
        for key in keys:
            _once(table, key, made(handler))
        return handler

    return put


def _once(table: dict[Any, Any], key: Any, handler: object) -> None:
    if key in table:
        raise ValueError(f"two handlers for {key!r}")
    table[key] = handler
