"""What goes with a person of messages, and how long messages stay."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, Select, delete, exists, select, true, tuple_, update
from sqlalchemy.orm import Session

from models.base import changed
from models.messages.rules import Delivery
from models.messages.tables import Inbox, Outbox, Wait
from models.people.privacy import TELLING, Held, Who, blank_quoting, listed

#: What stands in a message whose content was erased; the message itself stays counted and quotable.
GONE = "（内容已应本人要求删除）"
_BLANK = {"text": GONE, "buttons": [], "images": [], "links": []}
Conversation = tuple[str, str, str]


def erase(
    session: Session, who: Who, begun: Select[int], listed: Collection[int], words: Collection[str]
) -> int:
    """Messages to them go whole; of those to others about what they began or are listed on, or that quote
    them, the content."""
    gone = changed(session, delete(Outbox).where(_to(who)))
    theirs = Outbox.about.in_(begun) & Outbox.address.like("dm:%")
    concerned = update(Outbox).where(theirs | Outbox.about.in_(listed))
    gone += changed(session, concerned.values(body=_BLANK))
    known = {account.external for account in who.accounts if len(account.external) > TELLING}
    return gone + blank_quoting(session, Outbox.body, true(), {*words, *known}, body=_BLANK)


def _to(who: Who) -> ColumnElement[bool]:
    theirs = [(account.channel, f"dm:{account.external}") for account in who.accounts]
    return tuple_(Outbox.channel, Outbox.address).in_(theirs)


def waiting(session: Session, which: ColumnElement[bool]) -> tuple[Conversation, ...]:
    """Conversations that wait, as (channel, address, sender), for the mirror in memory."""
    rows = session.execute(select(Wait.channel, Wait.address, Wait.sender).where(which))
    return tuple((row.channel, row.address, row.sender) for row in rows)


def purge_messages(
    session: Session, before: datetime, needed: ColumnElement[bool], *, limit: int = 2_000
) -> int:
    """Delivered or given-up messages that are not `needed`, and stored answers, from before a moment; how many."""
    ended = Outbox.delivery.in_((Delivery.SENT, Delivery.GIVEN_UP))
    old = select(Outbox.id).where(Outbox.at < before, ended, ~needed).limit(limit)
    gone = changed(session, delete(Outbox).where(Outbox.id.in_(old)))
    answered = select(Inbox.id).where(Inbox.at < before, ~exists().where(Outbox.turn_id == Inbox.id))
    return gone + changed(session, delete(Inbox).where(Inbox.id.in_(answered.limit(limit))))


def purge_waits(session: Session, before: datetime) -> tuple[Conversation, ...]:
    """Waits that ended before a moment and that nothing took away."""
    ended = waiting(session, Wait.until < before)
    changed(session, delete(Wait).where(Wait.until < before))
    return ended


def held(session: Session, who: Who) -> Held:
    """What they are asked, and what they were told."""
    waits = {"事项": Wait.step, "到": Wait.until, "内容": Wait.data["text"].as_string()}
    told = {"时间": Outbox.at, "内容": Outbox.body["text"].as_string()}
    return {
        "等您回答": listed(session, waits, Wait.identity_id.in_(who.ids)),
        "发给您的消息": listed(session, told, _to(who), by=Outbox.id),
    }
