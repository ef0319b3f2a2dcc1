"""What a turn leaves in the rows of messages: that it was heard, and what is to be sent to whom."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime

import structlog
from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from bot.channels.protocols import Instant, Sends
from bot.storage import insert_once
from bot.turns.clock import Clock
from bot.turns.message import Failed, Inbound, Reply, Sent
from bot.turns.turn import Turn
from models.base import new_id
from models.messages.rules import Delivery
from models.messages.tables import Inbox, Outbox
from models.people.tables import Identity, Person
from models.time import quiet_until

log = structlog.get_logger("hub")

#: How long the apology for a failed turn may take.
APOLOGY_SECONDS = 20.0
#: Statements of every turn, made once: making them costs as much as running them.
_ACCOUNTS = select(Identity.id, Identity.channel, Identity.external).where(
    Identity.id.in_(bindparam("ids", expanding=True))
)
_PEOPLE = (
    select(Person.id, Person.key, Identity.channel, Identity.external)
    .outerjoin(Identity, Identity.person_id == Person.id)
    .where(Person.id.in_(bindparam("ids", expanding=True)))
    .order_by(Identity.seen_at)
)


def first_time(session: Session, inbound: Inbound, now: datetime) -> int | None:
    """The new inbox row's id, or None when the message came before. A second copy on another process waits
    here for the first."""
    made = new_id()
    row = {"id": made, "channel": inbound.channel, "message_id": inbound.message_id, "at": now}
    return made if insert_once(session, Inbox, row) else None


def stored_answer(session: Session, inbound: Inbound) -> list[Sent]:
    """What the first copy of this message was answered, row by row."""
    turn_id = (
        select(Inbox.id)
        .where(Inbox.channel == inbound.channel, Inbox.message_id == inbound.message_id)
        .scalar_subquery()
    )
    rows = select(Outbox).where(Outbox.turn_id == turn_id, Outbox.delivery != Delivery.QUIET)
    return [as_sent(row) for row in session.scalars(rows.order_by(Outbox.id))]


def as_sent(row: Outbox) -> Sent:
    """An outbox row as channels and repeated messages see it."""
    delivered = row.delivery == Delivery.SENT
    return Sent(row.id, row.channel, row.address, row.body, row.at, delivered, row.receipt)


class Writing:
    """What goes out: the rows of a turn (who cannot be reached on any running channel gets nothing), and the
    apology for one that failed."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        #: The running channels that deliver by commit.
        self.instant: Mapping[str, Instant] = {}
        #: Those that bring each message to their platform.
        self.senders: Mapping[str, Sends] = {}

    def record(self, turn: Turn, inbox_id: int | None) -> list[Sent]:
        """Write what the turn wants sent."""
        sent: list[Sent] = []
        addresses = _addresses(turn)
        wall = self.clock.wall()
        for out in turn.outgoing:
            address = (
                out.address
                or addresses.get(("identity", out.identity_id or 0))
                or addresses.get(("person", out.person_id or 0))
            )
            if address is None:
                continue
            instant = self.instant.get(address[0])
            held = quiet_until(turn.now, turn.world.talk) if out.reminder else None
            delivery = Delivery.QUIET if held else Delivery.SENT if instant else Delivery.PENDING
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

    async def apologise(self, inbound: Inbound, sorry: Reply) -> None:
        """Straight to whoever wrote, for nothing can be written down; raises `Failed` where they wait for the
        answer."""
        channel = self.senders.get(inbound.channel)
        if channel is None:
            raise Failed(sorry.text)
        try:
            async with asyncio.timeout(APOLOGY_SECONDS):
                await channel.send(f"dm:{inbound.sender}", sorry.body(), f"sorry-{new_id()}")
        except Exception as error:  # noqa: BLE001 - its message may hold what a resident wrote
            log.warning("apology not sent", channel=inbound.channel, kind=type(error).__name__)


def _addresses(turn: Turn) -> dict[tuple[str, int], tuple[str, str]]:
    people = {o.person_id for o in turn.outgoing if o.person_id is not None}
    identities = {o.identity_id for o in turn.outgoing if o.identity_id is not None}
    found: dict[tuple[str, int], tuple[str, str]] = {}
    if not people and not identities:
        return found
    turn.session.flush()
    connection, world = turn.session.connection(), turn.world
    if identities:
        for account in connection.execute(_ACCOUNTS, {"ids": list(identities)}):
            if account.channel in world.channels:
                found["identity", account.id] = (account.channel, f"dm:{account.external}")
    if people:
        rows = connection.execute(_PEOPLE, {"ids": list(people)}).all()
        if world.roster is not None:
            found |= {("person", row.id): (world.roster, f"dm:{row.key}") for row in rows}
        for row in rows:
            if row.channel in world.channels - world.silent:
                found["person", row.id] = (row.channel, f"dm:{row.external}")
    return found
