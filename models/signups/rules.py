"""接龙 by rule: which list is passed on, what a repost changes, what the public may read of it. No session."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Generic, Protocol, TypeVar

from models.people.public import masked
from models.things.rules import kinds

SIGNUP = kinds.add("signup", "接龙")

#: So long after its last repost a list of the same title is the same one, whatever stands on it.
FRESH = timedelta(days=2)
#: The group reads at most one line in this time about one sign-up.
APART = timedelta(hours=2)
#: Who gives one of these as a name did not give any: such lines fold only with their notes.
NAMELESS = frozenset(
    {"匿名", "匿名人士", "无名", "无名氏", "不留名", "佚名", "热心居民", "热心邻居", "好心人"}
)
#: What stands between the notes of two lines of one name.
AND = "；"


class Status(StrEnum):
    """Where a sign-up stands (contract.md, its JSON twin)."""

    OPEN = "open"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a list as it was sent."""

    name: str
    note: str = ""


class Kept(Protocol):
    """A line that is kept."""

    @property
    def name(self) -> str:
        """As it was written."""

    @property
    def note(self) -> str:
        """What else stands on the line."""

    @property
    def was(self) -> Collection[str]:
        """The notes it had before."""

    @property
    def shown(self) -> bool:
        """It stands in the newest list of the group."""

    @property
    def left_at(self) -> datetime | None:
        """Withdrawn since."""

    @property
    def owner_id(self) -> int | None:
        """The account that sent it first."""


K = TypeVar("K", bound=Kept)


@dataclass(frozen=True, slots=True)
class Merged(Generic[K]):
    """What one list changes of the lines that are kept."""

    added: list[Line]
    #: Withdrawn before, and put on again by who withdrew.
    back: list[K]
    notes: list[tuple[K, str]]
    #: Taken out by the one whose line it is.
    left: list[K]
    #: Standing, but not on this list: sent at the same time by somebody else.
    missing: list[K]


_EMOJI_CODE = re.compile(r"\[[^\[\]\s]{1,6}\]")


def folded(text: str) -> str:
    """Without emoji, blanks and punctuation; a name of nothing else stays as it is."""
    plain = _EMOJI_CODE.sub("", unicodedata.normalize("NFKC", text)).casefold()
    return "".join(c for c in plain if c.isalnum()) or "".join(text.split())


def _squeezed(note: str) -> str:
    return "".join(unicodedata.normalize("NFKC", note).split())


def key(line: Line | Kept) -> str:
    """By what two lines are the same one."""
    name = folded(line.name)
    return f"{name} {_squeezed(line.note)}" if name in NAMELESS else name


def listed(lines: Iterable[Line]) -> dict[str, Line]:
    """The lines by key, doubles folded: what is noted on any of them stays."""
    found: dict[str, Line] = {}
    for line in lines:
        first = found.setdefault(key(line), line)
        notes = [note for note in first.note.split(AND) if note]
        if line.note and _squeezed(line.note) not in map(_squeezed, notes):
            found[key(line)] = Line(first.name, AND.join([*notes, line.note]))
    return found


def same(title: str, lines: Iterable[Line], other: str, standing: Iterable[Kept], *, fresh: bool) -> bool:
    """Whether a list is a repost of the one titled `other`. In doubt it is not: a second number can be seen and
    withdrawn, two sign-ups in one cannot be told apart again."""
    mine, known = set(listed(lines)), {key(line) for line in standing}
    shared, a, b = len(mine & known), folded(title), folded(other)
    most = shared > 0 and 2 * shared >= len(known)
    if a == b:
        return most or (fresh and (bool(a) or (shared > 0 and 2 * shared >= len(mine))))
    return (a in b or b in a) and shared > 1 and most


def merge(kept: Sequence[K], lines: Iterable[Line], sender_id: int) -> Merged[K]:
    """What `sender_id` changes by sending `lines`.

    A line that is missing was sent by somebody else at the same time and stays; only who takes the own line out
    of the group's newest list, and adds nothing, withdraws it. A note counts if it is the sender's own line or
    was never there before: else the sender copied an old list.
    """
    sent, known = listed(lines), {key(line): line for line in kept}
    both = [(known[k], line) for k, line in sent.items() if k in known]
    added = [line for k, line in sent.items() if k not in known]
    away = [line for k, line in known.items() if k not in sent and line.left_at is None]
    left = [] if added else [line for line in away if line.shown and line.owner_id == sender_id]
    return Merged(
        added,
        [line for line, _ in both if line.left_at is not None and line.owner_id == sender_id],
        [(line, new.note) for line, new in both if _counts(line, new.note, own=line.owner_id == sender_id)],
        left,
        [line for line in away if line not in left],
    )


def _counts(line: Kept, note: str, *, own: bool) -> bool:
    new = _squeezed(note)
    if new == _squeezed(line.note) or (line.left_at is not None and not own):
        return False
    return own or (bool(new) and new not in map(_squeezed, line.was))


#: Seven digits and more are a phone or an identity number, 3-502 and 502室 are a flat; 502 alone unless it counts something.
_NUMBER = re.compile(r"\+?\d(?:[\s-]?\d){6,}[\dXx]?")
_ROOM = re.compile(
    r"(?<!\d)\d{1,3}\s*(?:[-—–#]|栋|幢|座|号楼|单元)\s*(?:\d{1,2}\s*(?:[-—–]|单元)\s*)?\d{2,4}(?:室|号)?(?!\d)"
    r"|(?<!\d)\d{3,4}(?![\d年元块斤克毫只个份人位箱盒度米点寸MG:：.%月日])(?:室|号)?"
)


def public_title(title: str, names: Iterable[str] = ()) -> str:
    """A title without phones, flats and the full `names` of residents."""
    for name in names:
        if len(name) > 1:
            title = title.replace(name, masked(name))
    return " ".join(_ROOM.sub("…", _NUMBER.sub("…", title)).split())


_COUNTED = r"(?:\d{1,2}(?:\.\d)?|[一二两三四五六七八九十半])(?:份|人|位|箱|盒|袋|斤|公斤|只|个|把|件|本|桶|包|瓶|张|户|条|串|套|票|名|大|小|组|提|筐)"
_PLAIN = re.compile(
    rf"(?:要|加|报|来|订|各|共)?(?:{_COUNTED}){{1,2}}|[+＋]?\d|不?(?:要|来|去|参加|同意|支持|需要)|反对|弃权"
    r"|[已未](?:付|转|交|报)|自取|自带|(?:周|星期)[一二三四五六日天](?:上午|下午|晚上)?|[上下]午|晚上|[A-Ha-h]"
)


def public_note(note: str) -> str:
    """What the public may read of a note: how many, when, yes or no. Free words may name somebody."""
    words = re.split(r"[\s,，、;；。()（）]+", note)
    return " ".join(word for word in words if _PLAIN.fullmatch(word))
