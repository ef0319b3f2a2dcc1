"""What every table shares: ids, moments, naming of constraints."""

from __future__ import annotations

import itertools
import secrets
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, Literal

from sqlalchemy import (
    JSON,
    BigInteger,
    Connection,
    DateTime,
    Dialect,
    Enum,
    Executable,
    ForeignKey,
    Index,
    MetaData,
    Text,
    TypeDecorator,
    select,
    text,
    update,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

#: Milliseconds since 2025-01-01 in the upper 41 bits of an id keep ids in the order in which they were made
#: until 2094.
_EPOCH_MS = 1_735_689_600_000
_SEQUENCE_BITS = 22
_sequence = itertools.count(secrets.randbits(_SEQUENCE_BITS))
_last_id = 0


def new_id() -> int:
    """A new primary key: 63 bits, time-ordered, strictly rising within a process, made without asking the
    database.

    Two processes may in the same millisecond draw the same 22 low bits (one in four million); the primary key
    then refuses the second and its turn is run again.
    """
    global _last_id  # noqa: PLW0603 - one generator a process is the point
    made = ((time.time_ns() // 1_000_000 - _EPOCH_MS) << _SEQUENCE_BITS) | (
        next(_sequence) & ((1 << _SEQUENCE_BITS) - 1)
    )
    _last_id = made if made > _last_id else _last_id + 1
    return _last_id


def made_at(made: int) -> datetime:
    """When `new_id` made this id, by the machine's clock."""
    return datetime.fromtimestamp(((made >> _SEQUENCE_BITS) + _EPOCH_MS) / 1000, UTC)


class Moment(TypeDecorator[datetime]):
    """An instant: aware in Python, UTC in the database (SQLite would hand it back naive)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Aware to UTC; raises `ValueError` for a naive moment."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs a time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """UTC back to aware."""
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


class Base(DeclarativeBase):
    """All tables: text enums, named constraints, ids from `new_id`."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: Moment, dict[str, Any]: JSON, str: Text, int: BigInteger}  # noqa: RUF012 - SQLAlchemy's own protocol


Id = Annotated[int, mapped_column(BigInteger, primary_key=True, default=new_id)]


#: The tables that a person is: whoever refers to one says what goes with them.
PERSONAL = ("people", "identities")


def refers(
    target: str,
    *,
    ondelete: str | None = None,
    personal: Literal["keep", "unlink", "delete"] | None = None,
    blank: Mapping[str, Any] | None = None,
) -> ForeignKey:
    """A foreign key checked at commit, so that one flush may write rows in any order.

    One to a person or an account says what goes with them: nothing, for what was done in a post (`keep`), the
    link, and by `blank` their words, of a row that counts on (`unlink`), or the row (`delete`).
    """
    if (target in PERSONAL) != (personal is not None):
        raise TypeError(f"a column that refers to {target}: personal={personal!r}")
    info = {"personal": personal, "blank": blank}
    return ForeignKey(f"{target}.id", deferrable=True, initially="DEFERRED", ondelete=ondelete, info=info)


def referring(*targets: str, metadata: MetaData = Base.metadata) -> list[ForeignKey]:
    """Every foreign key to one of these tables."""
    keys = [key for table in metadata.tables.values() for column in table.c for key in column.foreign_keys]
    return [key for key in keys if key.target_fullname in {f"{target}.id" for target in targets}]


class Owned:
    """What every row of a community shares: the tenant's id is the distribution key of a sharded database."""

    id: Mapped[Id]
    community_id: Mapped[int] = mapped_column(refers("communities"))


def partial(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    """An index over those rows only for which `where` holds, on either database."""
    return Index(name, *columns, unique=unique, sqlite_where=text(where), postgresql_where=text(where))


class OpenSet(TypeDecorator[str]):
    """A set of names that subjects add to (posts, kinds of things, deadlines): plain text in the database,
    checked wherever a row is made or asked for."""

    impl = Text
    cache_ok = True

    def __init__(self, what: str) -> None:
        super().__init__()
        self.what = what
        #: Name → what residents read, empty where they never do.
        self.titles: dict[str, str] = {}

    def add(self, name: str, title: str = "") -> str:
        """Declare a name; raises `ValueError` for one that two subjects claim."""
        if name in self.titles:
            raise ValueError(f"two of {self.what} {name!r}")
        self.titles[name] = title
        return name

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """The name itself; raises `ValueError` for one that nobody declared."""
        if value is not None and value not in self.titles:
            raise ValueError(f"unknown {self.what} {value!r}")
        return value


def words(kind: type[StrEnum]) -> Enum:
    """An enum kept as readable text under a CHECK constraint named after the enum."""
    return Enum(
        kind,
        native_enum=False,
        create_constraint=True,
        name=kind.__name__.lower(),
        values_callable=lambda e: [m.value for m in e],
        length=24,
    )


class Fact(Base):
    """A small fact of the installation: the roster's revision, the sandbox clock's offset."""

    __tablename__ = "facts"
    key: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]


def changed(session: Session, statement: Executable) -> int:
    """How many rows a statement changed: Core, on the turn's connection."""
    return session.connection().execute(statement).rowcount


def fact(session: Session | Connection, key: str) -> str | None:
    """What is kept under a key."""
    return session.scalar(select(Fact.value).where(Fact.key == key))


def keep_fact(session: Session, key: str, value: str) -> bool:
    """Keep a fact; whether that changed anything (so that of two processes one goes on)."""
    if changed(session, update(Fact).where(Fact.key == key, Fact.value != value).values(value=value)):
        return True
    if fact(session, key) is not None:
        return False
    session.add(Fact(key=key, value=value))
    session.flush()
    return True


#: The fact that holds how far the sandbox's clock was moved, in seconds.
_OFFSET = "sandbox_clock_offset"


def stored_offset(session: Session | Connection) -> timedelta | None:
    """How far the sandbox's clock was moved, or None for a database that never had one."""
    value = fact(session, _OFFSET)
    return None if value is None else timedelta(seconds=float(value))


def keep_offset(session: Session, offset: timedelta) -> None:
    """Write down where the sandbox's clock stands."""
    keep_fact(session, _OFFSET, repr(offset.total_seconds()))
