"""Every sentence of config/texts: used, known, complete, short, and numbered with #. Keys and values are read
from the source."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from jinja2 import meta

from bot.turns.texts import TEXTS, Texts

ROOT = Path(__file__).parent.parent
FILES = sorted(TEXTS.rglob("*.yaml"))
STEMS = {file.stem for file in FILES}
KEY = re.compile(r"^([a-z_]+)/([a-z_0-9]*[a-z0-9])$")
#: Say a thing to a group; the longest a group bears.
GROUP, GROUP_LIMIT = {"say", "acknowledge"}, 220
#: Read by operators at the command line, never by residents.
OPERATORS = {"roster"}
#: Method → which argument is the key.
SPEAKS = {
    "say": 0,
    "whisper": 0,
    "text": 0,
    "reply": 0,
    "Refused": 0,
    "tell": 1,
    "tell_identity": 1,
    "acknowledge": 2,
}
#: Arguments that are not values of the text.
CONTROL = {"about", "reminder", "images", "private"}


class Sample:
    """Stands for any value a text may want: prints as a place, loops twice, has every attribute, is a moment
    when asked."""

    def __str__(self) -> str:
        return "三栋二单元"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return PLAUSIBLE.get(name, Sample())

    def __getitem__(self, _key: object) -> Sample:
        return self

    def __iter__(self) -> Iterator[Sample]:
        return iter((Sample(), Sample()))

    def __len__(self) -> int:
        return 2

    def astimezone(self, zone: Any) -> datetime:
        """A moment, for the filters `when` and `day`."""
        return datetime(2026, 12, 5, 10, tzinfo=UTC).astimezone(zone)


#: Values with which arithmetic is done.
PLAUSIBLE: dict[str, Any] = dict.fromkeys(
    ("number", "about_number", "was", "into", "claim"), 1234
) | dict.fromkeys(
    (
        "count",
        "more",
        "total",
        "level",
        "days",
        "hours",
        "rows_count",
        "changed",
        "new",
        "equals",
        "size",
        "seconds",
        "rows",
        "others",
        "numbers",
    ),
    2,
)
PLAUSIBLE |= {
    "rows": [Sample(), Sample()],
    "others": [17, 18],
    "numbers": [17, 18],
    "departments": ["城管", "消防"],
    "sheet": "people",
    "counts": {},
}
#: Where a name means something else.
SPECIAL: dict[str, dict[str, Any]] = {
    "membership/which": {"rows": [(3, "3栋2单元501", "李迎新")]},
    "rights/exported": {"parts": [("诉求和附议", [[("编号", 17), ("状态", "open")]], 2)], "categories": {}},
    "roster/kinds": {"kind": "added"},
}


def plausible(key: str) -> dict[str, Any]:
    """Values for everything a text asks for."""
    return {name: PLAUSIBLE.get(name, Sample()) for name in entries()[key].variables()} | SPECIAL.get(key, {})


class Entry(NamedTuple):
    """One key as the file has it."""

    sources: tuple[str, ...]

    def variables(self) -> frozenset[str]:
        """Names that must be given."""
        jinja = texts()._jinja
        names: set[str] = set()
        for source in self.sources:
            names |= meta.find_undeclared_variables(jinja.parse(source))
        return frozenset(names - set(jinja.globals))

    @property
    def words(self) -> str:
        """Everything as written, without comments."""
        return "\n".join(re.sub(r"\{#.*?#\}", "", source, flags=re.DOTALL) for source in self.sources)


@cache
def texts() -> Texts:
    return Texts()


@cache
def entries() -> dict[str, Entry]:
    found = {}
    for file in FILES:
        for key, value in (yaml.safe_load(file.read_text(encoding="utf-8")) or {}).items():
            whole = value if isinstance(value, dict) else {"text": value}
            parts = [
                whole["text"],
                *(part for b in whole.get("buttons", ()) for part in (b["label"], b["send"])),
                *whole.get("links", ()),
            ]
            found[f"{file.stem}/{key}"] = Entry(tuple(map(str, parts)))
    return found


class Call(NamedTuple):
    """One place that says something."""

    where: str
    method: str
    key: str
    values: frozenset[str]
    #: Passes a dict of values that only running it would tell.
    open: bool


class Uses(NamedTuple):
    """What the source says of keys."""

    keys: dict[str, str]
    #: (prefix, suffix) of keys that are put together.
    patterns: set[tuple[str, str]]
    calls: list[Call]


@cache
def uses() -> Uses:
    keys: dict[str, str] = {}
    patterns: set[tuple[str, str]] = set()
    found: list[Call] = []
    for file in sorted(f for top in ("bot", "handlers", "models") for f in (ROOT / top).rglob("*.py")):
        where = file.relative_to(ROOT).as_posix()
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and (matched := KEY.match(node.value))
                and matched[1] in STEMS
            ):
                keys.setdefault(node.value, f"{where}:{node.lineno}")
            elif isinstance(node, ast.JoinedStr):
                ends = [
                    part.value if isinstance(part, ast.Constant) and isinstance(part.value, str) else ""
                    for part in (node.values[0], node.values[-1])
                ]
                if ends[0].partition("/")[0] in STEMS and "/" in ends[0]:
                    patterns.add((ends[0], ends[1]))
            elif isinstance(node, ast.Call):
                found += _spoken(where, node)
    for file in (ROOT / "handlers/pages/templates").rglob("*.html"):
        for quoted in re.findall(r"""['"]([a-z_]+/[a-z_0-9]+)['"]""", file.read_text(encoding="utf-8")):
            if quoted.partition("/")[0] in STEMS:
                keys.setdefault(quoted, file.relative_to(ROOT).as_posix())
        for quoted in re.findall(r"""['"]([a-z_]+/[a-z_0-9]*)['"] *~""", file.read_text(encoding="utf-8")):
            patterns.add((quoted, ""))
    return Uses(keys, patterns, found)


def _spoken(where: str, node: ast.Call) -> Iterator[Call]:
    method = (
        node.func.attr
        if isinstance(node.func, ast.Attribute)
        else node.func.id
        if isinstance(node.func, ast.Name)
        else ""
    )
    place = SPEAKS.get(method)
    if place is None or len(node.args) <= place:
        return
    given = {keyword.arg for keyword in node.keywords if keyword.arg}
    values = (given - CONTROL) | (
        {"number", "title"} if "about" in given or method == "acknowledge" else set()
    )
    for said in ast.walk(node.args[place]):
        if isinstance(said, ast.Constant) and isinstance(said.value, str) and KEY.match(said.value):
            yield Call(
                f"{where}:{node.lineno}",
                method,
                said.value,
                frozenset(values),
                any(keyword.arg is None for keyword in node.keywords),
            )


def test_every_key_that_is_used_exists() -> None:
    missing = [f"{where}: {key}" for key, where in uses().keys.items() if key not in entries()]
    assert not missing, "\n".join(missing)


def test_every_key_is_used() -> None:
    unused = [
        key
        for key in entries()
        if key not in uses().keys
        and not any(key.startswith(a) and key.endswith(b) for a, b in uses().patterns)
    ]
    assert not unused, "nothing says these: " + ", ".join(unused)


def test_what_history_records_has_words() -> None:
    """`way.record("opened")` is shown through history/opened, and so is what other steps are told to record."""
    recorded: dict[str, str] = {}
    place = {"record": 0, "close": 0, "finish": 1, "let_go": 1, "leave": 2, "_leave": 3}
    for file in sorted(f for top in ("handlers", "models") for f in (ROOT / top).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name | ast.Attribute):
                continue
            name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
            if len(node.args) > place.get(name, 99):
                for said in ast.walk(node.args[place[name]]):
                    if isinstance(said, ast.Constant) and isinstance(said.value, str):
                        recorded.setdefault(said.value, f"{file.relative_to(ROOT)}:{node.lineno}")
    assert len(recorded) > 20
    missing = [
        f"{where}: history/{what}" for what, where in recorded.items() if f"history/{what}" not in entries()
    ]
    assert not missing, "\n".join(missing)


def test_every_call_gives_all_values() -> None:
    """StrictUndefined would raise while somebody waits for an answer."""
    lacking = []
    for call in uses().calls:
        if call.open or call.key not in entries():
            continue
        if missing := entries()[call.key].variables() - call.values:
            lacking.append(f"{call.where}: {call.key} needs {', '.join(sorted(missing))}")
    assert not lacking, "\n".join(lacking)


@pytest.mark.parametrize("key", list(entries()))
def test_renders(key: str) -> None:
    reply = texts().reply(key, **plausible(key))
    assert reply.text.strip()
    assert "{{" not in reply.text
    assert "{%" not in reply.text
    assert len(reply.text) <= 2000
    for button in reply.buttons:
        assert len(button.label) <= 12, f"{button.label}: a tap is a word or two"


def test_group_answers_are_short() -> None:
    said = {call.key for call in uses().calls if call.method in GROUP and call.key in entries()}
    assert len(said) > 20
    too_long = []
    for key in sorted(said):
        text = texts().text(key, **plausible(key))
        if len(text) > GROUP_LIMIT:
            too_long.append(f"{key}: {len(text)} characters")
    assert not too_long, "\n".join(too_long)


def test_kind_words_only() -> None:
    """Promise 10."""
    unkind = re.compile("错误|无效|格式")
    found = [
        f"{key}: {entry.words}"
        for key, entry in entries().items()
        if key.partition("/")[0] not in OPERATORS and unkind.search(entry.words)
    ]
    assert not found, "\n".join(found)


def test_a_number_is_written_with_its_sign() -> None:
    """`#17`. A number inside a command to send back is left alone, and so is a claim's (N3), which is no
    thing of the community."""
    number = re.compile(r"(?<![#N])\{\{ *(about_)?number *\}\}")
    bare = []
    for key, entry in entries().items():
        outside = re.sub(r"「[^」]*」|(例如|再回|比如回)：[^\n]*", "", entry.sources[0])
        if key.partition("/")[0] not in {*OPERATORS, "pages"} and number.search(outside):
            bare.append(f"{key}: {entry.sources[0]}")
    assert not bare, "\n".join(bare)


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.relative_to(TEXTS).as_posix())
def test_yaml_cut_nothing_off(file: Path) -> None:
    """An unquoted ` #` begins a comment and silently cuts a sentence; a key written twice loses one."""
    raw = file.read_text(encoding="utf-8")
    kept = "\n".join(line for line in raw.splitlines() if not line.lstrip().startswith("# "))
    loaded = [entries()[f"{file.stem}/{key}"].words for key in yaml.safe_load(raw)]
    assert kept.count("{{") == sum(words.count("{{") for words in loaded)
    assert kept.count("{%") == sum(words.count("{%") for words in loaded)
    keys = re.findall(r"^([a-z_0-9]+):", raw, flags=re.MULTILINE)
    assert sorted(keys) == sorted(set(keys)), "a key stands here twice"
