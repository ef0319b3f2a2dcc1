"""How long personal data stays, what 删除我的数据 takes away, and what 导出我的数据 hands over (promise 13).

Counts, states, ratings and the public chain stay; words, photos, names, rooms, accounts and message ids go. A
backing keeps counting
after its account is gone: it then belongs to an account of the channel `erased` that nobody has, a different
one each time, so that
two backings of one person cannot be told to be of one person.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Text,
    and_,
    cast,
    delete,
    exists,
    func,
    insert,
    not_,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Session

from models.issues.rules import Status
from models.issues.tables import Assignment, Endorsement, Issue, IssueEvent, Photo
from models.messages.rules import Delivery
from models.messages.tables import Inbox, Outbox, Wait
from models.people.rules import RELATION_NAMES, ROLE_NAMES
from models.people.tables import Claim, Identity, Person, Post
from models.places.rules import building_name
from models.places.tables import Building, Community, Estate, Household
from models.record.tables import Notice
from models.things.tables import Thing
from models.time import CHINA

#: The channel of accounts that nobody has. No message finds a way there.
ERASED = "erased"
#: States in which nothing is expected of the reporter any more.
ENDED = (Status.CLOSED, Status.REFUSED, Status.WITHDRAWN, Status.MERGED)
#: What stands in a message whose content was erased; the message itself stays counted and quotable.
GONE = "（内容已应本人要求删除）"
#: Shorter words than this are found by accident in texts of other people.
_TELLING = 4
Conversation = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure took away."""

    issues: int = 0
    backings: int = 0
    messages: int = 0
    claims: int = 0
    #: Photos that no row needs any more: their files can go once this is committed.
    digests: tuple[str, ...] = ()
    #: Conversations that no longer wait, as (channel, address, sender), for the mirror in memory.
    waits: tuple[Conversation, ...] = ()
    #: The person stays on the community's roster, which is not the bot's to change.
    on_roster: bool = False


def erase(session: Session, identity_ids: Collection[int], now: datetime, *, gone: str = GONE) -> Erased:
    """Take away what is known of whoever is behind these accounts, and of their other accounts where the
    person is known."""
    session.flush()
    accounts = _accounts(session, identity_ids)
    ids = [account.id for account in accounts]
    if not ids:
        return Erased()
    people = [
        person for account in accounts if (person := session.get(Person, account.person_id or 0)) is not None
    ]
    reported = list(session.scalars(select(Issue.id).where(Issue.reporter_id.in_(ids))))
    backed = list(session.scalars(select(Endorsement.issue_id).where(Endorsement.identity_id.in_(ids))))
    said = _their_words(session, ids, reported)
    said |= {
        word
        for person in people
        if not _serves(session, person.id)
        for word in (person.name, person.phone)
        if word
    }
    messages = _erase_messages(session, accounts, reported, said, gone)
    digests = _drop_photos(session, Photo.identity_id.in_(ids))
    _blank_issues(session, reported)
    _blank_events(session, {*reported, *backed}, by_residents=True)
    _blank_notices(session, {*reported, *backed}, said)
    backings = _unlink_backings(session, Endorsement.identity_id.in_(ids))
    waiting = list(session.scalars(select(Wait).where(Wait.identity_id.in_(ids))))
    waits = tuple((wait.channel, wait.address, wait.sender) for wait in waiting)
    digests += _unneeded(session, {digest for wait in waiting for digest in wait.data.get("photos") or ()})
    _run(session, delete(Wait).where(Wait.identity_id.in_(ids)))
    claims = _run(session, delete(Claim).where(Claim.identity_id.in_(ids)))
    on_roster = _forget_people(session, people, now)
    # 别听我的 stays in force: without its account the bot would listen again.
    _run(session, update(Identity).where(Identity.id.in_(ids), Identity.ignored).values(person_id=None))
    _run(session, delete(Identity).where(Identity.id.in_(ids), not_(Identity.ignored)))
    return Erased(len(reported), backings, messages, claims, digests, waits, on_roster)


def accounts_of(session: Session, key: str) -> list[int]:
    """The accounts of a person by the roster's key, for the operator's `erase`."""
    return list(
        session.scalars(
            select(Identity.id).join(Person, Identity.person_id == Person.id).where(Person.key == key)
        )
    )


def _accounts(session: Session, identity_ids: Collection[int]) -> list[Identity]:
    own = list(
        session.scalars(select(Identity).where(Identity.id.in_(identity_ids), Identity.channel != ERASED))
    )
    known = {account.person_id for account in own if account.person_id is not None}
    others = list(session.scalars(select(Identity).where(Identity.person_id.in_(known)))) if known else []
    return list({account.id: account for account in (*own, *others)}.values())


def _serves(session: Session, person_id: int) -> bool:
    """Somebody in a post acted in public: their name in messages is the office's, not theirs."""
    return session.scalar(select(Post.id).where(Post.person_id == person_id).limit(1)) is not None


def _their_words(session: Session, ids: Sequence[int], reported: Sequence[int]) -> set[str]:
    written: set[str | None] = set(session.scalars(select(Issue.text).where(Issue.id.in_(reported))))
    for own, remark in session.execute(
        select(Endorsement.text, Endorsement.remark).where(Endorsement.identity_id.in_(ids))
    ):
        written |= {own, remark}
    return {words for words in written if words and len(words) >= _TELLING}


def _erase_messages(
    session: Session, accounts: Sequence[Identity], reported: Sequence[int], said: Iterable[str], gone: str
) -> int:
    """Messages to this person go whole; of those to others about their issues, or that quote them, the
    content."""
    own = or_(
        *(
            and_(Outbox.channel == account.channel, Outbox.address == f"dm:{account.external}")
            for account in accounts
        )
    )
    count = _run(session, delete(Outbox).where(own))
    concerned = and_(Outbox.about.in_(reported), Outbox.address.like("dm:%"))
    quoting = or_(
        *(_holds(Outbox.body, word) for word in said),
        *(_holds(Outbox.body, account.external) for account in accounts if len(account.external) > _TELLING),
    )
    empty = {"text": gone, "buttons": [], "images": [], "links": []}
    return count + _run(session, update(Outbox).where(or_(concerned, quoting)).values(body=empty))


def _holds(column: Any, word: str) -> ColumnElement[bool]:
    """A JSON column that contains `word`, whether its writer escapes Chinese letters or not."""
    written = cast(column, Text)
    forms = {json.dumps(word)[1:-1], json.dumps(word, ensure_ascii=False)[1:-1]}
    return or_(*(written.contains(form, autoescape=True) for form in sorted(forms)))


def _forget_people(session: Session, people: Sequence[Person], now: datetime) -> bool:
    """Who entered by 「我是 …」 leaves the roster; whoever the community put there stays, without being known
    to the bot."""
    stays = False
    for person in people:
        if person.self_entered and not _serves(session, person.id):
            _run(
                session,
                update(Person)
                .where(Person.id == person.id)
                .values(
                    key=f"erased-{secrets.token_hex(6)}",
                    name="",
                    phone="",
                    household_id=None,
                    relation=None,
                    title_checked=False,
                    retired_at=now,
                ),
            )
            session.expire(person)
        else:
            stays = True
    return stays


def purge_messages(session: Session, before: datetime, *, limit: int = 2_000) -> int:
    """Delivered or given-up messages and stored answers from before a moment; how many went.

    What was said about an issue whose 「解决了吗」 is still open stays: silence may close it only if that
    question was delivered.
    """
    asked = exists().where(Issue.id == Outbox.about, Issue.status == Status.RESOLVED)
    old = (
        select(Outbox.id)
        .where(Outbox.at < before, Outbox.delivery.in_((Delivery.SENT, Delivery.GIVEN_UP)), not_(asked))
        .limit(limit)
    )
    gone = _run(session, delete(Outbox).where(Outbox.id.in_(old)))
    answered = (
        select(Inbox.id)
        .where(Inbox.at < before, not_(exists().where(Outbox.turn_id == Inbox.id)))
        .limit(limit)
    )
    return gone + _run(session, delete(Inbox).where(Inbox.id.in_(answered)))


def purge_photos(session: Session, before: datetime, *, limit: int = 500) -> tuple[str, ...]:
    """Photos taken before a moment; the digests that no row needs any more. Their files go after the
    commit."""
    return _drop_photos(
        session, Photo.id.in_(select(Photo.id).where(Photo.at < before).order_by(Photo.at).limit(limit))
    )


def unlink_reporters(session: Session, before: datetime, *, limit: int = 200) -> int:
    """Take words, rooms and the link to the residents from issues that ended before a moment; how many issues
    were touched."""
    linked = exists().where(
        Endorsement.issue_id == Issue.id, Endorsement.identity_id == Identity.id, Identity.channel != ERASED
    )
    ended = select(Issue.id).where(
        Issue.status.in_(ENDED),
        Issue.changed_at < before,
        or_(Issue.text.is_not(None), Issue.reporter_id.is_not(None), linked),
    )
    ids = list(session.scalars(ended.order_by(Issue.changed_at).limit(limit)))
    if not ids:
        return 0
    _blank_issues(session, ids)
    _blank_events(session, ids, by_residents=False)
    living = select(Identity.id).where(Identity.channel != ERASED)
    _unlink_backings(session, and_(Endorsement.issue_id.in_(ids), Endorsement.identity_id.in_(living)))
    return len(ids)


def purge_waits(session: Session, before: datetime) -> tuple[Conversation, ...]:
    """Waits that ended before a moment and that nothing took away."""
    ended = list(session.scalars(select(Wait).where(Wait.until < before)))
    _run(session, delete(Wait).where(Wait.id.in_([wait.id for wait in ended])))
    return tuple((wait.channel, wait.address, wait.sender) for wait in ended)


def purge_claims(session: Session, before: datetime) -> int:
    """Requests to be entered on the roll, decided or not, from before a moment."""
    return _run(session, delete(Claim).where(Claim.made_at < before))


def forget_accounts(session: Session, before: datetime, *, limit: int = 1_000) -> int:
    """Accounts of nobody on the roster that were last seen before a moment and that nothing refers to any
    more."""
    used = [
        exists().where(column == Identity.id)
        for column in (
            Endorsement.identity_id,
            Issue.reporter_id,
            Photo.identity_id,
            Wait.identity_id,
            Claim.identity_id,
        )
    ]
    idle = select(Identity.id).where(
        Identity.seen_at < before,
        Identity.person_id.is_(None),
        not_(Identity.ignored),
        *(not_(use) for use in used),
    )
    return _run(session, delete(Identity).where(Identity.id.in_(idle.limit(limit))))


def digests_in_use(session: Session, among: Collection[str] | None = None) -> set[str]:
    """Photos that a row or an unfinished report still needs, of all or of some."""
    named = select(Photo.digest).distinct()
    kept = set(session.scalars(named if among is None else named.where(Photo.digest.in_(among))))
    for data in session.scalars(select(Wait.data)):
        kept.update(data.get("photos") or ())
    return kept


def _run(session: Session, statement: Any) -> int:
    """Core, on the turn's connection: how many rows it changed."""
    return int(session.connection().execute(statement).rowcount)


def _blank_issues(session: Session, ids: Collection[int]) -> None:
    # The words that fired (why) and the hash of the words would give the words away.
    _run(
        session,
        update(Issue)
        .where(Issue.id.in_(ids))
        .values(reporter_id=None, text=None, room=None, why=[], words_hash=""),
    )


def _blank_events(session: Session, ids: Collection[int], *, by_residents: bool) -> None:
    """What residents gave as reasons (nobody's name stands beside it); after the years, what officers noted
    as well."""
    events = update(IssueEvent).where(IssueEvent.issue_id.in_(ids), IssueEvent.detail != "")
    _run(
        session,
        (
            events.where(IssueEvent.role.is_(None), IssueEvent.person_id.is_(None))
            if by_residents
            else events
        ).values(detail=""),
    )


def _blank_notices(session: Session, ids: Collection[int], said: Collection[str]) -> None:
    """Entries hold no personal data; should one quote somebody all the same, its content goes and the chain
    still verifies."""
    if said and ids:
        quoting = or_(*(_holds(Notice.payload, word) for word in said))
        _run(session, update(Notice).where(Notice.thing_id.in_(ids), quoting).values(payload=None, salt=None))


def _unlink_backings(session: Session, which: ColumnElement[bool]) -> int:
    rows = session.execute(select(Endorsement.id, Endorsement.at).where(which)).all()
    for row in rows:
        # A random id: one that rises with time would show which backings were erased together.
        nobody = {
            "id": secrets.randbits(62),
            "channel": ERASED,
            "external": secrets.token_hex(12),
            "person_id": None,
            "ignored": False,
            "seen_at": row.at,
        }
        _run(session, insert(Identity).values(nobody))
        cleared = {"identity_id": nobody["id"], "text": None, "message_id": None, "remark": None}
        _run(session, update(Endorsement).where(Endorsement.id == row.id).values(cleared))
    return len(rows)


def _drop_photos(session: Session, which: ColumnElement[bool]) -> tuple[str, ...]:
    digests = set(session.scalars(select(Photo.digest).where(which)))
    if not digests:
        return ()
    _run(session, delete(Photo).where(which))
    return _unneeded(session, digests)


def _unneeded(session: Session, digests: set[str]) -> tuple[str, ...]:
    kept = set(session.scalars(select(Photo.digest).where(Photo.digest.in_(digests)))) if digests else set()
    return tuple(sorted(digests - kept))


def export_identity(session: Session, identity_ids: Collection[int]) -> dict[str, Any]:
    """Everything held about whoever is behind these accounts, ready for JSON, with keys a resident can
    read."""
    accounts = _accounts(session, identity_ids)
    ids = [account.id for account in accounts]
    people = [
        person for account in accounts if (person := session.get(Person, account.person_id or 0)) is not None
    ]
    held = {
        "账号": [
            {"渠道": a.channel, "账号": a.external, "最近使用": _at(a.seen_at), "不听群消息": a.ignored}
            for a in accounts
        ],
        "名册": [_roster_entry(session, person) for person in people],
        "职务": [
            {"职务": ROLE_NAMES[p.role], "部门": p.department, "自": _at(p.since), "至": _at(p.until)}
            for p in session.scalars(select(Post).where(Post.person_id.in_([person.id for person in people])))
        ],
        "诉求和附议": [
            _backing(session, b, set(ids))
            for b in session.scalars(
                select(Endorsement).where(Endorsement.identity_id.in_(ids)).order_by(Endorsement.at)
            )
        ],
        "登记申请": [
            {"编号": c.number, "姓名": c.name, "提交": _at(c.made_at), "处理": _at(c.decided_at)}
            for c in session.scalars(select(Claim).where(Claim.identity_id.in_(ids)))
        ],
        "等您回答": [
            {"事项": w.step, "到": _at(w.until), "内容": (w.data or {}).get("text", "")}
            for w in session.scalars(select(Wait).where(Wait.identity_id.in_(ids)))
        ],
        "经手的任务": [
            {
                "编号": number,
                "职务": ROLE_NAMES[a.role],
                "派单": _at(a.given_at),
                "接单": _at(a.accepted_at),
                "结束": _at(a.ended_at),
            }
            for a, number in session.execute(
                select(Assignment, Thing.number)
                .join(Thing, Assignment.issue_id == Thing.id)
                .where(Assignment.person_id.in_([p.id for p in people]))
                .order_by(Assignment.id)
            )
        ],
        "发给您的消息": [],
    }
    if accounts:
        own = or_(
            *(
                and_(Outbox.channel == account.channel, Outbox.address == f"dm:{account.external}")
                for account in accounts
            )
        )
        rows = session.execute(select(Outbox.at, Outbox.body).where(own).order_by(Outbox.id))
        held["发给您的消息"] = [{"时间": _at(row.at), "内容": row.body.get("text", "")} for row in rows]
    return held


def _roster_entry(session: Session, person: Person) -> dict[str, Any]:
    home = session.execute(
        select(Estate.name, Building.name, Household.unit, Household.room)
        .join(Building, Household.building_id == Building.id)
        .join(Estate, Building.estate_id == Estate.id)
        .where(Household.id == (person.household_id or 0))
    ).first()
    estate, building, unit, room = home or ("", "", "", "")
    where = f"{estate}{building_name(building)}{f'{unit}单元' if unit else ''}{room}" if home else ""
    relation = RELATION_NAMES[person.relation] if person.relation else ""
    return {
        "编号": person.key,
        "姓名": person.name,
        "手机": person.phone,
        "住处": where,
        "身份": relation,
        "已核产权": person.title_checked,
    }


def _backing(session: Session, backing: Endorsement, ids: set[int]) -> dict[str, Any]:
    issue = session.get_one(Issue, backing.issue_id)
    photos = select(func.count(Photo.id)).where(Photo.issue_id == issue.id, Photo.identity_id.in_(ids))
    return {
        "社区": session.scalar(select(Community.name).where(Community.id == issue.community_id)),
        "编号": issue.number,
        "由您提出": issue.reporter_id in ids,
        "时间": _at(backing.at),
        "您的话": backing.text or (issue.text or "" if issue.reporter_id in ids else ""),
        "房号": (issue.room or "") if issue.reporter_id in ids else "",
        "类别": issue.category,
        "状态": issue.status.value,
        "照片": session.scalar(photos),
        "评分": backing.score,
        "评价": backing.remark or "",
    }


def _at(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(CHINA).isoformat(timespec="seconds")
