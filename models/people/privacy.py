"""What goes with a person: whoever is behind an account, what is held of them, and how rows forget them.

A backing keeps counting after its account is gone: it then belongs to an account of the channel `erased` that
nobody has, a different one each time, so that two backings of one person cannot be told to be of one person.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, ForeignKey, bindparam, case, delete, exists, select, update
from sqlalchemy.orm import Session

from models.base import changed, referring
from models.people.find.cast import address, addresses
from models.people.rules import RELATION_NAMES, ROLE_NAMES
from models.people.tables import Claim, Identity, Person, Post

#: What is held, by kind and with names a resident can read.
Held = dict[str, list[dict[str, Any]]]
#: The channel of accounts that nobody has. No message finds a way there.
ERASED = "erased"
#: Shorter words than this are found by accident in texts of other people.
TELLING = 4


@dataclass(frozen=True, slots=True)
class Who:
    """Whoever is behind some accounts: all accounts of theirs, and their entries of the roster."""

    accounts: list[Identity]
    people: list[Person]
    ids: list[int]
    person_ids: list[int]

    def behind(self, key: ForeignKey) -> ColumnElement[bool]:
        """The rows that refer to them by this key."""
        return key.parent.in_(self.ids if key.target_fullname == "identities.id" else self.person_ids)


def whoever(session: Session, identity_ids: Collection[int]) -> Who:
    """Whoever is behind these accounts, with their other accounts where the person is known."""
    asking = Identity.id.in_(identity_ids) & (Identity.channel != ERASED)
    known = select(Identity.person_id).where(asking)
    accounts = session.scalars(select(Identity).where(asking | Identity.person_id.in_(known))).all()
    people = session.scalars(select(Person).where(Person.id.in_(known))).all()
    return Who([*accounts], [*people], [account.id for account in accounts], [person.id for person in people])


def accounts_of(session: Session, key: str) -> list[int]:
    """The accounts of a person by the roster's key, for the operator's `erase`."""
    return [*session.scalars(select(Identity.id).join(Person).where(Person.key == key))]


def names(session: Session, who: Who) -> set[str]:
    """What names them in messages to others. Somebody in a post acted in public: there the name is the
    office's, not theirs."""
    private = [person for person in who.people if not _serves(session, person)]
    return {word for person in private for word in (person.name, person.phone) if word}


def _serves(session: Session, person: Person) -> bool:
    return session.scalar(select(Post.id).where(Post.person_id == person.id).limit(1)) is not None


def forget(session: Session, key: ForeignKey, which: ColumnElement[bool]) -> int:
    """Do with some rows what their column to a person or an account declares; with how many it was done."""
    column, table, blank = key.parent, key.parent.table, key.info["blank"] or {}
    if key.info["personal"] == "keep":
        return 0
    if key.info["personal"] == "delete":
        return changed(session, delete(table).where(which))
    if column.nullable:
        return changed(session, update(table).where(which).values({column.name: None, **blank}))
    living = select(table.c.id).where(which, column == Identity.id, Identity.channel != ERASED)
    given = [{"row": row, "nobody": secrets.randbits(62)} for row in session.scalars(living)]
    # Random, and one moment for all: what rises with time would show which backings were erased together.
    nobody = {"channel": ERASED, "seen_at": datetime.fromtimestamp(0, UTC)}
    session.add_all(Identity(id=one["nobody"], external=secrets.token_hex(12), **nobody) for one in given)
    session.flush()
    return _each(session, update(table).values({column.name: bindparam("nobody"), **blank}), table, given)


def blank_quoting(
    session: Session, column: Any, which: ColumnElement[bool], words: Iterable[str], **blank: Any
) -> int:
    """Blank those of some rows in whose JSON one of these words stands; how many."""
    table, forms = column.class_.__table__, [json.dumps(word, ensure_ascii=False)[1:-1] for word in words]
    if not forms:
        return 0
    rows = session.execute(select(table.c.id, column).where(which).execution_options(yield_per=1000))
    written = ((row, json.dumps(held, ensure_ascii=False)) for row, held in rows)
    quoting = [{"row": row} for row, text in written if any(form in text for form in forms)]
    return _each(session, update(table).values(blank), table, quoting)


def _each(session: Session, statement: Any, table: Any, rows: list[dict[str, int]]) -> int:
    if rows:
        session.connection().execute(statement.where(table.c.id == bindparam("row")), rows)
    return len(rows)


def leave(session: Session, who: Who, now: datetime) -> bool:
    """Drop the accounts, and take who entered by 「我是 …」 off the roster. Whoever the community put there
    stays, without being known to the bot; whether somebody does."""
    leaving = [person for person in who.people if person.self_entered and not _serves(session, person)]
    for person in leaving:
        person.key, person.name, person.phone = f"erased-{secrets.token_hex(6)}", "", ""
        person.household_id, person.relation, person.title_checked = None, None, False
        person.retired_at = now
    # 别听我的 stays in force: without its account the bot would listen again.
    changed(session, delete(Identity).where(Identity.id.in_(who.ids), ~Identity.ignored))
    return len(leaving) < len(who.people)


def purge_claims(session: Session, before: datetime) -> int:
    """Requests to be entered on the roll, decided or not, from before a moment."""
    return changed(session, delete(Claim).where(Claim.made_at < before))


def forget_accounts(session: Session, before: datetime, *, limit: int = 1_000) -> int:
    """Accounts of nobody on the roster that were last seen before a moment and that nothing refers to any
    more."""
    idle = select(Identity.id).where(
        Identity.seen_at < before,
        Identity.person_id.is_(None),
        ~Identity.ignored,
        *(~exists().where(key.parent == Identity.id) for key in referring("identities")),
    )
    return changed(session, delete(Identity).where(Identity.id.in_(idle.limit(limit))))


def held(session: Session, who: Who) -> Held:
    """Accounts, entries of the roster, posts and claims."""
    accounts = {"渠道": Identity.channel, "账号": Identity.external, "最近使用": Identity.seen_at}
    relation = case(RELATION_NAMES, value=Person.relation).label("relation")
    homes = addresses().add_columns(Person.phone, relation, Person.title_checked)
    posts = {
        "职务": case(ROLE_NAMES, value=Post.role),
        "部门": Post.department,
        "自": Post.since,
        "至": Post.until,
    }
    claims = {"编号": Claim.number, "姓名": Claim.name, "提交": Claim.made_at, "处理": Claim.decided_at}
    return {
        "账号": listed(session, accounts | {"不听群消息": Identity.ignored}, Identity.id.in_(who.ids)),
        "名册": [
            {
                "编号": row.key,
                "姓名": row.name,
                "手机": row.phone,
                "住处": f"{row.estate or ''}{address(row)}",
                "身份": row.relation,
                "已核产权": row.title_checked,
            }
            for row in session.execute(homes.where(Person.id.in_(who.person_ids)))
        ],
        "职务": listed(session, posts, Post.person_id.in_(who.person_ids)),
        "登记申请": listed(session, claims, Claim.identity_id.in_(who.ids)),
    }


def listed(
    session: Session, columns: Mapping[str, Any], *where: ColumnElement[bool], by: Any = None
) -> list[dict[str, Any]]:
    """Columns of some rows under a resident's names for them."""
    query = select(*(column.label(name) for name, column in columns.items())).where(*where).order_by(by)
    return [dict(row) for row in session.execute(query).mappings()]
