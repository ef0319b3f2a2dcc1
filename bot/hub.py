"""One message in: hear → lock → dedupe → route → record → reply. One transaction a turn, nothing kept of what
was not for the bot."""

from __future__ import annotations

import asyncio
import time
import weakref
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import structlog
from sqlalchemy import bindparam, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningInsert

from bot import photos
from bot.channels.protocols import Fetches, Instant
from bot.clock import Clock
from bot.database import Database
from bot.language.understanding import Gazetteer, Understanding
from bot.message import Inbound, Outgoing, Refused, Reply, Sent
from bot.router import Router
from bot.tally import Tally
from bot.turn import Recent, Turn, World, quiet_until
from models.base import new_id
from models.deadlines import CHINA
from models.directory import CommunityInfo, Directory, revision
from models.issues import Photo
from models.messages import Delivery, Inbox, Outbox, Wait
from models.people import Identity, Person

log = structlog.get_logger("hub")

#: Whose two-minute context is remembered at most; the oldest go first.
CONTEXTS = 10_000
#: How long 「我家也是」 may mean what somebody else just reported in the same group.
TALK = timedelta(minutes=10)

Conversation = tuple[str, str, str]
NOBODY = Inbound(channel="", chat="", sender="")


#: Statements of every turn, made once: making them costs as much as running them.
_HEARD: dict[str, ReturningInsert[int]] = {
    "sqlite": sqlite.insert(Inbox).on_conflict_do_nothing().returning(Inbox.id),
    "postgresql": postgresql.insert(Inbox).on_conflict_do_nothing().returning(Inbox.id),
}
_ACCOUNTS = (
    select(Identity.id, Identity.person_id, Identity.channel, Identity.external)
    .where(
        or_(
            Identity.id.in_(bindparam("ids", expanding=True)),
            Identity.person_id.in_(bindparam("people", expanding=True)),
        )
    )
    .order_by(Identity.seen_at)
)
_KEYS = select(Person.id, Person.key).where(Person.id.in_(bindparam("people", expanding=True)))


class _Nothing(Exception):
    """Rolls back a turn that turned out to concern nobody, so that it leaves no row (promise 1)."""


@dataclass(slots=True)
class _Memory:
    """What the chatter path knows without the database; mirrored from rows after commits, or lost without
    harm."""

    waits: dict[Conversation, datetime] = field(default_factory=dict)
    recent: OrderedDict[Conversation, Recent] = field(default_factory=OrderedDict)
    #: What came up in each group, newest last.
    latest: OrderedDict[tuple[str, str], list[Recent]] = field(default_factory=OrderedDict)
    ignored: set[tuple[str, str]] = field(default_factory=set)


class Hub:
    """Where every message of every channel arrives."""

    def __init__(self, database: Database, router: Router, world: World, clock: Clock, home: Path) -> None:
        self.database, self.router, self.world, self.clock, self.home = database, router, world, clock, home
        self.reader = world.reader
        self.directory: Directory
        self.gazetteers: dict[int, Gazetteer] = {}
        #: Of the running channels those that deliver by commit, and those that fetch pictures.
        self.instant: Mapping[str, Instant] = {}
        self.fetching: Mapping[str, Fetches] = {}
        #: Called after each commit that left something to send.
        self.wake: Callable[[], None] = lambda: None
        self.memory = _Memory()
        self.tally = Tally()
        #: Decoding takes memory: two pictures at a time.
        self._decoding = asyncio.Semaphore(2)
        #: Pictures of messages under way.
        self._in_use: Counter[str] = Counter()
        self._locks: weakref.WeakValueDictionary[Conversation, asyncio.Lock] = weakref.WeakValueDictionary()

    # --- what is known without the database
    # -------------------------------------------------------------------------------

    async def load(self) -> None:
        """Read the roster's snapshot and what conversations wait for."""
        await self.refresh()

        def waiting(session: Session) -> tuple[list[tuple[Conversation, datetime]], set[tuple[str, str]]]:
            waits = [((w.channel, w.address, w.sender), w.until) for w in session.scalars(select(Wait))]
            ignored = {
                (r.channel, r.external)
                for r in session.execute(select(Identity.channel, Identity.external).where(Identity.ignored))
            }
            return waits, ignored

        waits, self.memory.ignored = await self.database.read(waiting)
        self.memory.waits = dict(waits)

    async def refresh(self) -> None:
        """Read the roster anew: places, chats and people, and from them the words that places go by."""
        self.directory = await self.database.read(Directory)
        self.gazetteers = {c.id: gazetteer_of(c) for c in self.directory.communities.values()}

    async def refresh_if_stale(self) -> bool:
        """Read the roster anew if a command line changed it meanwhile; whether it did."""
        if await self.database.read(revision) == self.directory.revision:
            return False
        await self.refresh()
        return True

    def community_of(self, inbound: Inbound) -> int | None:
        """The community a message most likely belongs to, from memory alone; for the place words of the
        reading."""
        chat = self.directory.chats.get((inbound.channel, inbound.chat))
        if chat:
            return chat.community_id
        if named := self.directory.by_name.get(inbound.community):
            return named.id
        known = self.directory.people.get(inbound.sender)
        if known and known.community_id:
            return known.community_id
        return next(iter(self.directory.communities), None)

    def hear(self, inbound: Inbound) -> Understanding | None:
        """The reading of a message that may concern the bot; None for chatter, decided without the
        database."""
        me: Conversation = (inbound.channel, inbound.chat, inbound.sender)
        close = inbound.direct or inbound.mention
        if not close and (inbound.channel, inbound.sender) in self.memory.ignored:
            return None
        awaited = close or me in self.memory.waits or self._recent(me) is not None
        if not inbound.text:
            return Understanding() if awaited and (inbound.images or inbound.media) else None
        if not awaited and not self.reader.glance(inbound.text):
            return None
        community = self.community_of(inbound)
        reading = self.reader.read(
            inbound.text,
            mention=close,
            now=self.clock.now().astimezone(CHINA),
            gazetteer=self.gazetteers.get(community) if community else None,
            quoted=inbound.quote is not None,
        )
        if reading.intent == "chatter" and reading.command is None and not awaited:
            return None
        return reading

    def _recent(self, me: Conversation) -> Recent | None:
        recent = self.memory.recent.get(me)
        if recent is None:
            return None
        if self.clock.now() - recent.at > timedelta(seconds=self.world.rules.context_seconds):
            del self.memory.recent[me]
            return None
        return recent

    def _latest(self, inbound: Inbound) -> tuple[int, ...]:
        kept = self.memory.latest.get((inbound.channel, inbound.chat), ())
        now = self.clock.now()
        return tuple(dict.fromkeys(r.issue_id for r in kept if now - r.at <= TALK))

    def _reads(self, inbound: Inbound) -> Callable[[str], list[Understanding]]:
        def read(text: str) -> list[Understanding]:
            community = self.community_of(inbound)
            gazetteer = self.gazetteers.get(community) if community else None
            return self.reader.read_all(
                text, mention=True, now=self.clock.now().astimezone(CHINA), gazetteer=gazetteer
            )

        return read

    # --- one message
    # ------------------------------------------------------------------------------------------------------

    async def receive(self, inbound: Inbound) -> list[Sent]:
        """Everything this message caused, committed; the stored answer when the message came before; nothing
        for chatter."""
        self.tally.heard += 1
        me: Conversation = (inbound.channel, inbound.chat, inbound.sender)
        if inbound.recalled is not None:
            if me not in self.memory.waits and self._recent(me) is None:
                return []
            reading: Understanding | None = Understanding(intent="recall")
        else:
            reading = self.hear(inbound)
        if reading is None:
            self.tally.chatter += 1
            return []
        lock, began = self._locks.setdefault(me, asyncio.Lock()), time.perf_counter()
        async with lock:
            digests, unreadable = await self._store_photos(inbound)
            self._in_use.update(digests)
            try:
                sent = await self._answer(inbound, reading, digests, unreadable, self._recent(me))
            finally:
                self._in_use.subtract(digests)
            await self._forget_photos(digests)
        self.tally.turn(time.perf_counter() - began)
        return sent

    async def _store_photos(self, inbound: Inbound) -> tuple[tuple[str, ...], bool]:
        digests, unreadable = [], False
        for image in inbound.images[:9]:
            try:
                data = image.data
                if data is None:
                    data = await self.fetching[inbound.channel].fetch(image.url or "")
                async with self._decoding:
                    digests.append(await asyncio.to_thread(photos.keep, self.home, data))
            except photos.NotAPhoto:
                unreadable = True
        return tuple(digests), unreadable

    async def _forget_photos(self, digests: Sequence[str]) -> None:
        """Remove the files of pictures that no row and no message under way names: chatter leaves no file
        (promise 1)."""
        if not digests:
            return
        named = select(Photo.digest).where(Photo.digest.in_(digests))
        drafts = select(Wait.data)

        def wanted(session: Session) -> set[str]:
            kept = {digest for data in session.scalars(drafts) for digest in data.get("photos", ())}
            return kept | set(session.scalars(named))

        kept = await self.database.read(wanted)
        for digest in set(digests) - kept:
            if self._in_use[digest] <= 0:
                del self._in_use[digest]
                await asyncio.to_thread(photos.remove, self.home, digest)

    async def _answer(
        self,
        inbound: Inbound,
        reading: Understanding,
        digests: tuple[str, ...],
        unreadable: bool,
        recent: Recent | None,
    ) -> list[Sent]:
        def handle(turn: Turn) -> Reply | None:
            try:
                reply = self.route(turn)
            except Refused as no:
                if _overheard(inbound, reading, no) and not turn.posts():
                    raise _Nothing from no
                raise
            if unreadable and reply is None and not digests:
                raise Refused("photo/unreadable", private=True)
            return reply

        try:
            return await self._run(inbound, reading, handle, digests, recent)
        except _Nothing:
            return []
        except Refused as no:
            refusal = no
            self.tally.refusals += 1

            def refuse(turn: Turn) -> Reply | None:
                return turn.whisper(refusal.key, **refusal.values)

            return await self._run(inbound, reading, refuse, (), recent)
        except Exception:
            self.tally.failures += 1
            log.exception("turn failed", channel=inbound.channel, message_id=inbound.message_id)
            return await self._run(inbound, reading, lambda turn: turn.whisper("help/sorry"), (), recent)

    def route(self, turn: Turn) -> Reply | None:
        """The first handler that takes it: what the conversation waits for, then the command, then the
        meaning, then the fallback."""
        inbound, reading = turn.inbound, turn.reading
        if inbound.recalled is not None:
            return self.router.events["recall"](turn)
        if inbound.media and not inbound.text:
            return self.router.events["media"](turn)
        me: Conversation = (inbound.channel, inbound.chat, inbound.sender)
        wait = turn.waiting() if me in self.memory.waits else None
        if (
            wait is not None
            and wait.until > turn.now
            and (step := self.router.steps.get(wait.step))
            and (reply := step(turn)) is not None
        ):
            return reply
        if reading.command is not None:
            handler = self.router.commands.get(reading.command.verb)
            if handler is not None:
                return handler(turn)
        if turn.recent is not None and (reply := self.router.events["follow"](turn)) is not None:
            return reply
        if (handler := self.router.intents.get(reading.intent)) is not None:
            return handler(turn)
        return self.router.intents["fallback"](turn)

    async def _run(
        self,
        inbound: Inbound,
        reading: Understanding,
        handle: Callable[[Turn], Reply | None],
        digests: tuple[str, ...],
        recent: Recent | None,
    ) -> list[Sent]:
        now = self.clock.now()

        latest = self._latest(inbound)

        def work(session: Session) -> tuple[Turn | None, list[Sent]]:
            inbox_id = None
            if inbound.message_id is not None:
                inbox_id = _first_time(session, inbound, now)
                if inbox_id is None:
                    return None, stored_answer(session, inbound)
            turn = Turn(
                session,
                self.world,
                self.directory,
                now,
                inbound,
                reading,
                self._reads(inbound),
                latest,
                digests,
                recent,
            )
            reply = handle(turn)
            if reply is not None:
                address = f"dm:{inbound.sender}" if reply.private else inbound.chat
                turn.outgoing.insert(0, Outgoing(reply, address=(inbound.channel, address)))
            elif not turn.outgoing and not turn.changed:
                raise _Nothing
            return turn, self.record(turn, inbox_id)

        turn, sent = await self.database.turn(work)
        if turn is not None:
            await self.after(turn, sent)
        return sent

    async def quietly(
        self, handle: Callable[[Turn], None], now: datetime, inbound: Inbound = NOBODY
    ) -> list[Sent]:
        """A turn nobody's message caused: a deadline, a digest, a question left unanswered, a message given
        up."""

        def work(session: Session) -> tuple[Turn, list[Sent]]:
            turn = Turn(
                session, self.world, self.directory, now, inbound, Understanding(), self._reads(inbound)
            )
            handle(turn)
            return turn, self.record(turn, None)

        turn, sent = await self.database.turn(work)
        await self.after(turn, sent)
        return sent

    # --- what a turn leaves
    # -----------------------------------------------------------------------------------------------

    def record(self, turn: Turn, inbox_id: int | None) -> list[Sent]:
        """Write what the turn wants sent; who cannot be reached on any running channel gets nothing."""
        sent: list[Sent] = []
        addresses = self._addresses(turn)
        for out in turn.outgoing:
            address = (
                out.address
                or addresses.get(("identity", out.identity_id or 0))
                or addresses.get(("person", out.person_id or 0))
            )
            if address is None:
                continue
            instant = self.instant.get(address[0])
            held = quiet_until(turn.now, self.world.rules) if out.reminder else None
            delivery = Delivery.QUIET if held else Delivery.SENT if instant else Delivery.PENDING
            wall = self.clock.wall()
            row = Outbox(
                id=new_id(),
                community_id=turn.known_community,
                turn_id=inbox_id,
                channel=address[0],
                address=address[1],
                body=out.reply.body(),
                about=out.reply.about,
                at=held or turn.now,
                delivery=delivery,
                not_before=held,
                due_at=wall,
                sent_at=wall if delivery is Delivery.SENT else None,
                receipt=instant.receipt() if instant and delivery is Delivery.SENT else None,
            )
            turn.session.add(row)
            if held is None:
                sent.append(as_sent(row))
        return sent

    def _addresses(self, turn: Turn) -> dict[tuple[str, int], tuple[str, str]]:
        people = {o.person_id for o in turn.outgoing if o.person_id is not None}
        identities = {o.identity_id for o in turn.outgoing if o.identity_id is not None}
        found: dict[tuple[str, int], tuple[str, str]] = {}
        if not people and not identities:
            return found
        turn.session.flush()
        connection = turn.session.connection()
        for row in connection.execute(_ACCOUNTS, {"ids": list(identities), "people": list(people)}):
            if row.channel not in self.world.channels:
                continue
            if row.id in identities:
                found["identity", row.id] = (row.channel, f"dm:{row.external}")
            if row.person_id in people and row.channel not in self.world.silent:
                found["person", row.person_id] = (row.channel, f"dm:{row.external}")
        if (roster := self.world.roster) and (rest := [p for p in people if ("person", p) not in found]):
            for person_id, key in connection.execute(_KEYS, {"people": rest}):
                found["person", person_id] = (roster, f"dm:{key}")
        return found

    async def after(self, turn: Turn, sent: list[Sent]) -> None:
        """Mirror in memory what was committed, and wake who sends."""
        for conversation, until in turn.mirror:
            if until is None:
                self.memory.waits.pop(conversation, None)
            else:
                self.memory.waits[conversation] = until
        me: Conversation = (turn.inbound.channel, turn.inbound.chat, turn.inbound.sender)
        if turn.remember is not None:
            self.memory.recent[me] = turn.remember
            self.memory.recent.move_to_end(me)
            while len(self.memory.recent) > CONTEXTS:
                self.memory.recent.popitem(last=False)
            if not turn.inbound.direct:
                chat = (turn.inbound.channel, turn.inbound.chat)
                self.memory.latest[chat] = [*self.memory.latest.pop(chat, ())[-4:], turn.remember]
                while len(self.memory.latest) > CONTEXTS:
                    self.memory.latest.popitem(last=False)
        if turn.listening is not None:
            pair = (turn.inbound.channel, turn.inbound.sender)
            (self.memory.ignored.discard if turn.listening else self.memory.ignored.add)(pair)
        if turn.roster_changed:
            await self.refresh()
        await self._forget_photos(turn.dropped)
        if not all(message.delivered for message in sent):
            self.wake()


#: What a resident who only talked to the neighbours would be told about a command they never meant.
_NOT_MEANT = (
    "number/none",
    "post/needed",
    "report_for/",
    "leave/",
    "pass_on/",
    "backing/nothing_to_split",
    "verdict/score_what",
)


def _overheard(inbound: Inbound, reading: Understanding, no: Refused) -> bool:
    """Whether the words were talk in a group that only looks like a command (「完成」 「转给老王了」): no
    answer, no row (promises 1 and 10)."""
    if (
        inbound.direct
        or inbound.mention
        or inbound.quote is not None
        or inbound.text.lstrip()[:1] in {"#", "＃"}
    ):
        return False
    if reading.command is None or (reading.command.numbers and not reading.command.rest):
        return False  # 「接单 1」 is a command whoever says it
    return no.key.startswith((*_NOT_MEANT, "number/unknown"))


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


def _first_time(session: Session, inbound: Inbound, now: datetime) -> int | None:
    """The new inbox row's id, or None when the message came before. A second copy on another process waits
    here for the first."""
    connection = session.connection()
    row = {"id": new_id(), "channel": inbound.channel, "message_id": inbound.message_id, "at": now}
    return connection.execute(_HEARD[connection.dialect.name], row).scalar()


def stored_answer(session: Session, inbound: Inbound) -> list[Sent]:
    """What the first copy of this message was answered, row by row."""
    turn_id = (
        select(Inbox.id)
        .where(Inbox.channel == inbound.channel, Inbox.message_id == inbound.message_id)
        .scalar_subquery()
    )
    rows = session.scalars(
        select(Outbox).where(Outbox.turn_id == turn_id, Outbox.delivery != Delivery.QUIET).order_by(Outbox.id)
    )
    return [as_sent(row) for row in rows]


def as_sent(row: Outbox) -> Sent:
    """An outbox row as channels and repeated messages see it."""
    return Sent(
        row.id, row.channel, row.address, row.body, row.at, row.delivery == Delivery.SENT, row.receipt
    )
