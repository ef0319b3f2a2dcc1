"""What the language part says about one message: plain values, no behaviour that needs a database."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is: each part normalised (ASCII digits and letters), or None when not said."""

    estate: str | None = None
    building: str | None = None
    unit: str | None = None
    room: str | None = None
    spot: str | None = None

    def __bool__(self) -> bool:
        return any((self.estate, self.building, self.unit, self.room, self.spot))

    def as_dict(self) -> dict[str, str]:
        """Only the parts that were said, in the order of contract.md."""
        parts = ("estate", "building", "unit", "room", "spot")
        return {part: value for part in parts if (value := getattr(self, part))}


@dataclass(frozen=True, slots=True)
class Command:
    """A command of contract.md in parsed form.

    `verb` is a key of config/lexicon/commands.yaml (`accept`, `transfer`, …), `numbers` the running numbers
    named, in order and without repeats, and `rest` what follows them, with inner spacing kept.
    """

    verb: str
    numbers: tuple[int, ...] = ()
    rest: str = ""


@dataclass(frozen=True, slots=True)
class Understanding:
    """The reading of one message; `why` names the words and rules that fired, for promise 7."""

    intent: str = "chatter"
    category: str | None = None
    urgency: str | None = None
    place: Place = field(default_factory=Place)
    score: float = 0.0
    why: tuple[str, ...] = ()
    command: Command | None = None
    #: For a life-threatening report: trapped, gas, fire, live_wire, manhole, fallen, missing, attack;
    #: violence and suicide are answered in private.
    alarm: str | None = None
    #: The posts the text complains about (`property_officer`, `captain`, …): they must not receive it
    #: (promise 11).
    against: tuple[str, ...] = ()
    #: The writer began with 匿名反映.
    anonymous: bool = False
    #: The text without mention, leading marks and 匿名反映: simplified, half-width, at most 1,000 characters.
    text: str = ""
    poll: dict[str, Any] | None = None
    signup: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Gazetteer:
    """The roster's place words of one community, as the place parser needs them."""

    #: Every name (full, short, old) of an estate → the estate's name in the roster.
    estates: dict[str, str] = field(default_factory=dict)
    #: Estate → the building names of the roster, normalised (「3」 「B」).
    buildings: dict[str, frozenset[str]] = field(default_factory=dict)
    #: The names of who serves, with their posts: 「王建国」, `captain`.
    officers: tuple[tuple[str, str], ...] = ()
