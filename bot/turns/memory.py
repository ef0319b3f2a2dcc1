"""What is known of conversations without the database: mirrored from rows after commits, or lost without harm."""

from __future__ import annotations

import asyncio
import weakref
from collections import OrderedDict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from bot.turns.turn import Turn
from bot.turns.world import Recent

#: (channel, chat, sender)
Conversation = tuple[str, str, str]

#: Whose two-minute context is remembered at most; the oldest go first.
CONTEXTS = 10_000
#: How long 「我家也是」 may mean what somebody else just reported in the same group, and how many of it.
TALK, TALKED_OF = timedelta(minutes=10), 5


class Memory:
    """What conversations wait for, what was just talked of, who asked not to be heard, and whose turn it is
    in a conversation; only through these methods, behind which several processes may share it later."""

    def __init__(self, context_seconds: int) -> None:
        self._context = timedelta(seconds=context_seconds)
        self._waits: dict[Conversation, datetime] = {}
        self._recent: OrderedDict[Conversation, Recent] = OrderedDict()
        self._latest: OrderedDict[tuple[str, str], list[Recent]] = OrderedDict()
        self._ignored: set[tuple[str, str]] = set()
        self._locks: weakref.WeakValueDictionary[Conversation, asyncio.Lock] = weakref.WeakValueDictionary()

    def load(
        self, waits: Iterable[tuple[Conversation, datetime]], ignored: Iterable[tuple[str, str]]
    ) -> None:
        """Begin with what the rows say."""
        self._waits, self._ignored = dict(waits), set(ignored)

    def waits(self, me: Conversation) -> bool:
        """Whether this conversation waits for something."""
        return me in self._waits

    def ignores(self, channel: str, sender: str) -> bool:
        """Whether this account said 别听我的."""
        return (channel, sender) in self._ignored

    def recent(self, me: Conversation, now: datetime) -> Recent | None:
        """What this person opened or joined in this chat within the last two minutes."""
        recent = self._recent.get(me)
        if recent is not None and now - recent.at > self._context:
            del self._recent[me]
            return None
        return recent

    def latest(self, channel: str, chat: str, now: datetime) -> tuple[int, ...]:
        """The things that came up in this chat in the last minutes, by anybody."""
        kept = self._latest.get((channel, chat), ())
        return tuple(dict.fromkeys(r.thing_id for r in kept if now - r.at <= TALK))

    def after(self, turn: Turn) -> None:
        """Mirror what a committed turn changed."""
        for conversation, until in turn.mirror:
            if until is None:
                self._waits.pop(conversation, None)
            else:
                self._waits[conversation] = until
        said = turn.inbound
        if turn.remember is not None:
            self._keep(self._recent, (said.channel, said.chat, said.sender), turn.remember)
            if not said.direct:
                chat = (said.channel, said.chat)
                others = [r for r in self._latest.get(chat, ()) if r.thing_id != turn.remember.thing_id]
                talked = [*others[1 - TALKED_OF :], turn.remember]
                self._keep(self._latest, chat, talked)
        if turn.listening is not None:
            change = self._ignored.discard if turn.listening else self._ignored.add
            change((said.channel, said.sender))

    @staticmethod
    def _keep(kept: OrderedDict[Any, Any], key: object, value: object) -> None:
        kept[key] = value
        kept.move_to_end(key)
        while len(kept) > CONTEXTS:
            kept.popitem(last=False)

    def settled(self, conversations: Iterable[Conversation]) -> None:
        """These conversations wait no longer."""
        for conversation in conversations:
            self._waits.pop(conversation, None)

    def lock(self, me: Conversation) -> asyncio.Lock:
        """One message of a conversation at a time."""
        return self._locks.setdefault(me, asyncio.Lock())
