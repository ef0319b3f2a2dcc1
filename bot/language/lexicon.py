"""Loads config/lexicon: the words, patterns and weights that a community worker can read and edit."""

from __future__ import annotations

import importlib.resources
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Protocol

import yaml

from .entries import Act, Alarm, CategoryName, CommandRule, Pair, Sense, Sign
from .normalise import fold

FILES = (
    "categories",
    "signs",
    "acts",
    "alarms",
    "commands",
    "places",
    "roles",
    "typos",
    "votes",
    "everyday",
    "words",
)


class Folder(Protocol):
    """What the loader needs of a folder: a `Path` and a packaged resource both have it."""

    def joinpath(self, child: str, /) -> Any:
        """One file of the folder."""


class LexiconError(ValueError):
    """A file of config/lexicon that cannot be used; the message names file and key."""


@dataclass(slots=True)
class Lexicon:
    """Everything of config/lexicon in the form the reader uses; build it with `load_lexicon()`."""

    categories: dict[str, CategoryName]
    topic_weights: dict[str, float]
    signs: dict[str, Sign]
    pairs: tuple[Pair, ...]
    numbers: dict[str, float]
    acts: tuple[Act, ...]
    alarms: tuple[Alarm, ...]
    alarm_cancel: re.Pattern[str]
    alarm_keep: re.Pattern[str]
    alarm_never: re.Pattern[str]
    urgent: tuple[tuple[str, re.Pattern[str]], ...]
    commands: dict[str, CommandRule]
    #: Each line of 帮助, with {verb} for a command's example, and whose help has it.
    help: tuple[tuple[str, tuple[str, ...]], ...]
    particles: tuple[str, ...]
    openers: tuple[str, ...]
    units: tuple[str, ...]
    spots: dict[str, int]
    joined: frozenset[str]
    not_spots: tuple[str, ...]
    not_places: frozenset[str]
    not_estates: frozenset[str]
    not_in_names: frozenset[str]
    roles: dict[str, tuple[str, ...]]
    urgencies: dict[str, tuple[str, ...]]
    against: dict[str, re.Pattern[str]]
    against_not: re.Pattern[str]
    typos: dict[str, str]
    dialect: dict[str, str]
    emoji: dict[str, str]
    votes: dict[str, Any]
    #: Every weight by the name of its feature, filled on first use.
    worth: dict[str, float]
    #: How much a word leans towards a report (or away from it) beyond the rules.
    leanings: dict[str, float]
    #: Topic words that plain chat is full of; they count less.
    everyday: frozenset[str]
    #: Characters that say nothing by themselves.
    small: frozenset[str]
    #: Words of answers, votes and sign-ups, and those of dangers, that are worth a closer look.
    glance: tuple[str, ...] = ()
    danger_words: tuple[str, ...] = ()
    #: Every word → its senses; `heads` finds the words that begin with two characters.
    senses: dict[str, tuple[Sense, ...]] = field(default_factory=dict)

    def words(self) -> Iterator[str]:
        """All words that jieba should know as wholes."""
        yield from self.senses
        yield from self.spots


def words_of(text: object) -> list[str]:
    """The words of a list written with blanks between them."""
    return str(text or "").split()


def _union(patterns: Iterable[str], where: str) -> re.Pattern[str] | None:
    parts = list(patterns)
    if not parts:
        return None
    try:
        return re.compile("|".join(f"(?:{part})" for part in parts))
    except re.error as error:
        raise LexiconError(f"{where}: {error}") from error


def _needed(patterns: Iterable[str], where: str) -> re.Pattern[str]:
    union = _union(patterns, where)
    if union is None:
        raise LexiconError(f"{where}: no patterns")
    return union


def _compiled(pattern: str, where: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        raise LexiconError(f"{where}: {pattern}: {error}") from error


def read_files(folder: Folder | None = None) -> dict[str, Any]:
    """The parsed YAML files of `folder` (default: the packaged config/lexicon) by name."""
    folder = folder or importlib.resources.files("config").joinpath("lexicon")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    parsed: dict[str, Any] = {}
    for name in FILES:
        text = folder.joinpath(f"{name}.yaml").read_text("utf-8")
        try:
            parsed[name] = yaml.load(text, Loader=loader)  # noqa: S506 - one of the two safe loaders
        except yaml.YAMLError as error:
            raise LexiconError(f"config/lexicon/{name}.yaml: {error}") from error
        if not isinstance(parsed[name], dict):
            raise LexiconError(f"config/lexicon/{name}.yaml: not a table of keys")
    return parsed


def build(files: Mapping[str, Any]) -> Lexicon:
    """A lexicon from the parsed files; raises `LexiconError` naming what is wrong."""
    senses: dict[str, list[Sense]] = {}

    def know(words: object, kind: str, category: str | None = None) -> None:
        for word in words_of(words):
            senses.setdefault(fold(word), []).append(Sense(kind, category))

    categories = {}
    for key, entry in files["categories"]["categories"].items():
        categories[key] = CategoryName(key, entry["name"], tuple(words_of(entry.get("aliases"))))
        for kind, field_name in (
            ("strong", "strong"),
            ("trouble", "troubles"),
            ("thing", "things"),
            ("hint", "hints"),
        ):
            know(entry.get(field_name), kind, key)
    signs = {}
    for name, entry in files["signs"]["signs"].items():
        know(entry.get("words"), name)
        patterns = tuple(_compiled(pattern, f"signs.yaml {name}") for pattern in entry.get("patterns", ()))
        signs[name] = Sign(name, float(entry["weight"]), patterns)
    pairs = tuple(
        Pair(name, float(entry["weight"]), entry["first"], entry["second"], int(entry["within"]))
        for name, entry in files["signs"]["pairs"].items()
    )

    acts = tuple(
        Act(
            name,
            float(entry["score"]),
            _union(entry.get("whole", ()), f"acts.yaml {name}"),
            _union(entry.get("patterns", ()), f"acts.yaml {name}"),
            _union(entry.get("not", ()), f"acts.yaml {name}"),
            _compiled(entry["needs"], f"acts.yaml {name}") if "needs" in entry else None,
            _compiled(entry["echo"], f"acts.yaml {name}") if "echo" in entry else None,
            int(entry["max_length"]),
        )
        for name, entry in files["acts"]["acts"].items()
    )
    danger = files["alarms"]
    alarms = []
    for name, entry in danger["alarms"].items():
        where = f"alarms.yaml {name}"
        alarms.append(
            Alarm(
                name,
                entry["category"],
                _needed(entry["patterns"], where),
                _union(entry.get("own_cancel", ()), where),
                _union(entry.get("weak", ()), where),
                bool(entry.get("private")),
            )
        )
    cancel, keep, never = (
        _needed(danger[key], f"alarms.yaml {key}") for key in ("cancel", "keep", "always_cancel")
    )

    commands = {
        verb: CommandRule(
            verb,
            tuple(sorted(words_of(entry["words"]), key=len, reverse=True)),
            entry["intent"],
            entry["number"],
            "no" if entry["rest"] is False else entry["rest"],  # YAML reads a bare no as false
            bool(entry.get("bare")),
            bool(entry.get("free")),
            entry.get("alone"),
            words_of(entry["words"])[0],
            entry["example"],
            tuple(words_of(entry["roles"])),
            bool(entry.get("later")),
        )
        for verb, entry in files["commands"]["commands"].items()
    }
    places = files["places"]
    spots = {
        fold(word): rank
        for rank, key in ((0, "faint"), (1, "grounds"), (2, "fittings"), (3, "equipment"), (3, "spots"))
        for word in words_of(places[key])
    }
    roles = {
        key: (entry["name"], *words_of(entry.get("aliases")))
        for key, entry in files["roles"]["roles"].items()
    }
    against = {}
    for key, names in roles.items():
        who = "(?:" + "|".join(sorted(names, key=len, reverse=True)) + ")"
        against[key] = _needed(
            (part.replace("{who}", who) for part in files["roles"]["against"]), f"roles.yaml {key}"
        )
    against_not = _needed(files["roles"]["against_not"], "roles.yaml against_not")
    typos = files["typos"]
    return Lexicon(
        categories=categories,
        topic_weights={key: float(value) for key, value in files["categories"]["weights"].items()},
        signs=signs,
        pairs=pairs,
        numbers={key: float(value) for key, value in files["signs"]["numbers"].items()},
        acts=acts,
        alarms=tuple(alarms),
        alarm_cancel=cancel,
        alarm_keep=keep,
        alarm_never=never,
        urgent=tuple(
            (entry["category"], _compiled(entry["pattern"], "alarms.yaml urgent"))
            for entry in danger["urgent"]
        ),
        commands=commands,
        help=tuple((line, tuple(words_of(roles))) for line, roles in files["commands"]["help"].items()),
        particles=tuple(sorted(words_of(files["commands"]["particles"]), key=len, reverse=True)),
        openers=tuple(sorted(words_of(files["commands"]["openers"]), key=len, reverse=True)),
        units=tuple(sorted(words_of(files["commands"]["units"]), key=len, reverse=True)),
        spots=spots,
        joined=frozenset(words_of(places["joined"])),
        not_spots=tuple(words_of(places["not_spots"])),
        not_places=frozenset(words_of(places["not_places"])),
        not_estates=frozenset(words_of(places["not_estates"])),
        not_in_names=frozenset(words_of(places["not_in_names"])),
        roles=roles,
        urgencies={
            key: (entry["name"], *words_of(entry.get("aliases")))
            for key, entry in files["roles"]["urgencies"].items()
        },
        against=against,
        against_not=against_not,
        typos={fold(key): fold(value) for key, value in typos["typos"].items()},
        dialect={fold(key): fold(value) for key, value in typos["dialect"].items()},
        emoji=dict(typos["emoji"]),
        votes=files["votes"],
        worth={},
        leanings={
            fold(str(word)): float(weight) for word, weight in (files["words"]["leanings"] or {}).items()
        },
        small=frozenset("".join(words_of(files["everyday"]["small"]))),
        everyday=frozenset(fold(word) for word in words_of(files["everyday"]["words"])),
        glance=tuple(words_of(files["acts"].get("glance")) + words_of(files["votes"].get("glance"))),
        danger_words=tuple(words_of(files["alarms"].get("glance"))),
        senses={word: tuple(dict.fromkeys(found)) for word, found in senses.items()},
    )


@cache
def load_lexicon() -> Lexicon:
    """The packaged lexicon, read once a process."""
    return build(read_files())
