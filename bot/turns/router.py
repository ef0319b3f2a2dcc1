"""From what was understood to the one handler for it. Handlers return the reply; they cannot send."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from bot.turns.message import Reply
    from bot.turns.turn import Turn
    from models.issues.tables import Issue
    from models.things.tables import Deadline

T = TypeVar("T")
Handler = Callable[["Turn"], "Reply | None"]
DueHandler = Callable[["Turn", "Issue", "Deadline"], None]


class Router:
    """What one errand answers to. `include` puts errands together; the same key twice is a mistake found at
    start."""

    def __init__(self) -> None:
        self.commands: dict[str, Handler] = {}
        self.intents: dict[str, Handler] = {}
        self.steps: dict[str, Handler] = {}
        self.events: dict[str, Handler] = {}
        self.dues: dict[str, DueHandler] = {}

    def command(self, *verbs: str) -> Callable[[Handler], Handler]:
        """The verbs of config/lexicon/commands.yaml."""
        return self._into(self.commands, verbs)

    def intent(self, *intents: str) -> Callable[[Handler], Handler]:
        """What free text means."""
        return self._into(self.intents, intents)

    def step(self, *steps: str) -> Callable[[Handler], Handler]:
        """What a conversation waits for. The handler returns None when the message is something else after
        all."""
        return self._into(self.steps, steps)

    def event(self, *events: str) -> Callable[[Handler], Handler]:
        """`recall` and `media`."""
        return self._into(self.events, events)

    def due(self, *whats: str) -> Callable[[DueHandler], DueHandler]:
        """What happens when a deadline passes."""

        def put(handler: DueHandler) -> DueHandler:
            for what in whats:
                _once(self.dues, what, handler)
            return handler

        return put

    def include(self, other: Router) -> None:
        """Take over another router's handlers."""
        for mine, theirs in (
            (self.commands, other.commands),
            (self.intents, other.intents),
            (self.steps, other.steps),
            (self.events, other.events),
        ):
            for key, handler in theirs.items():
                _once(mine, key, handler)
        for key, due in other.dues.items():
            _once(self.dues, key, due)

    def _into(self, table: dict[str, Handler], keys: tuple[str, ...]) -> Callable[[Handler], Handler]:
        def put(handler: Handler) -> Handler:
            for key in keys:
                _once(table, key, handler)
            return handler

        return put


def _once(table: dict[str, T], key: str, handler: T) -> None:
    if key in table:
        raise ValueError(f"two handlers for {key!r}")
    table[key] = handler
