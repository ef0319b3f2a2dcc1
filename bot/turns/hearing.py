"""Whether a message may concern the bot, decided without the database: the roster's names in memory, a scan
for trigger words, whether the conversation waits for something, the two-minute context."""

from __future__ import annotations

from collections.abc import Callable

from bot.language.understanding import Gazetteer, Understanding
from bot.storage import Database
from bot.turns.clock import Clock
from bot.turns.memory import Memory
from bot.turns.message import Inbound
from bot.turns.world import World
from models.people.find.directory import CommunityInfo, Directory, revision
from models.time import CHINA


class Hearing:
    """The ear: what residents' words mean, with the place names of their community."""

    directory: Directory

    def __init__(self, database: Database, world: World, clock: Clock, memory: Memory) -> None:
        self.database, self.reader, self.clock, self.memory = database, world.reader, clock, memory
        self._gazetteers: dict[int, Gazetteer] = {}

    async def refresh(self) -> None:
        """Read the roster anew: places, chats and people, and from them the words that places go by."""
        self.directory = await self.database.read(Directory)
        self._gazetteers = {c.id: gazetteer_of(c) for c in self.directory.communities.values()}

    async def refresh_if_stale(self) -> bool:
        """Read the roster anew if a command line changed it meanwhile; whether it did."""
        if await self.database.read(revision) == self.directory.revision:
            return False
        await self.refresh()
        return True

    def hear(self, inbound: Inbound) -> Understanding | None:
        """The reading of a message that may concern the bot; None for chatter."""
        me = (inbound.channel, inbound.chat, inbound.sender)
        close = inbound.direct or inbound.mention
        if not close and self.memory.ignores(inbound.channel, inbound.sender):
            return None
        remembered = self.memory.waits(me) or self.memory.recent(me, self.clock.now()) is not None
        awaited = close or remembered
        if inbound.recalled is not None:
            return Understanding(intent="recall") if remembered else None
        if not inbound.text:
            return Understanding() if awaited and (inbound.images or inbound.media) else None
        if not awaited and not self.reader.glance(inbound.text):
            return None
        reading = self.reader.read(
            inbound.text,
            mention=close,
            now=self.clock.now().astimezone(CHINA),
            gazetteer=self._gazetteer(inbound),
            quoted=inbound.quote is not None,
        )
        if reading.intent == "chatter" and reading.command is None and not awaited:
            return None
        return reading

    def reads(self, inbound: Inbound) -> Callable[[str], list[Understanding]]:
        """Reads another text of this message's writer, one reading for each thing it is about."""

        def read(text: str) -> list[Understanding]:
            now, gazetteer = self.clock.now().astimezone(CHINA), self._gazetteer(inbound)
            return self.reader.read_all(text, mention=True, now=now, gazetteer=gazetteer)

        return read

    def _gazetteer(self, inbound: Inbound) -> Gazetteer | None:
        """The place words of the community that a message most likely belongs to."""
        directory = self.directory
        if chat := directory.chats.get((inbound.channel, inbound.chat)):
            return self._gazetteers.get(chat.community_id)
        if named := directory.by_name.get(inbound.community):
            return self._gazetteers.get(named.id)
        known = directory.people.get(inbound.sender)
        if known and known.community_id:
            return self._gazetteers.get(known.community_id)
        return next(iter(self._gazetteers.values()), None)


def gazetteer_of(community: CommunityInfo) -> Gazetteer:
    """The words that places of one community go by."""
    return Gazetteer(
        estates={name: community.estates[estate_id] for name, estate_id in community.estate_names.items()},
        buildings={
            name: frozenset(b.name for b in community.buildings.values() if b.estate_id == i)
            for i, name in community.estates.items()
        },
        officers=tuple(community.officers),
    )
