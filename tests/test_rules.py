"""The walls of the house (ARCHITECTURE.md): who may import whom, who may commit, who may look at the clock.
Read from the source."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TOPS = ("bot", "config", "handlers", "models")

#: Folder → the folders it may not know.
WALLS = {
    "config": ("handlers", "bot", "models"),
    "models": ("handlers", "bot"),
    "bot": ("handlers",),
}
#: The one module that wires everything.
WIRING = "bot/app.py"
#: What a chat handler may know of the machinery: one turn, and how to hang itself up.
CHAT_MAY_IMPORT = (
    "bot.turns.turn",
    "bot.turns.world",
    "bot.turns.message",
    "bot.turns.router",
    "bot.turns.meant",
    "bot.language",
    "bot.storage.keys",
)
#: A page may read, and may hand a message to the hub; it may not reach into a channel or the worker.
PAGES_MAY_NOT_IMPORT = ("bot.channels", "bot.outbox", "bot.app", "bot.turns.duties")
#: Programs for developers that live beside the language part and read labelled files.
LANGUAGE_TOOLS = "bot/language/measuring/"
#: What pure text handling never needs.
IMPURE = (
    "sqlalchemy",
    "aiohttp",
    "aiosqlite",
    "asyncio",
    "socket",
    "ssl",
    "http",
    "urllib",
    "requests",
    "httpx",
    "subprocess",
    "threading",
    "random",
    "secrets",
)
CLOCKS = {"now", "utcnow", "today", "time", "time_ns", "monotonic", "perf_counter"}
#: (file, why it may): ids rise with time, which is no business time.
MODELS_CLOCKS = {"models/base.py": "time.time_ns"}
#: Who ends a transaction: the writers of the storage part, and migrations before anything else runs.
COMMITS = {"bot/storage/writer.py", "bot/storage/postgres.py", "bot/storage/migrate.py"}
#: Telling one database from another, or opening a file of one. (`sqlite_where` of an index says it to all.)
DIALECT = re.compile(
    r"\bdialect\.name|\bdialects\b|\bget_backend_name\b|\bsqlite3\b|\.sqlite\b|\bimport sqlite|PRAGMA"
)
SENTENCE = re.compile(r"[一-鿿].{4,}[。！？，：]")
#: A regular expression that looks for what residents say is no sentence of ours.
PATTERN = re.compile(r"\\s|\(\?")
NAMELESS = {"utils", "util", "helper", "helpers", "manager", "managers", "common", "misc"}


@cache
def sources(top: str) -> tuple[tuple[str, ast.Module], ...]:
    """(path, tree) of every module below a folder."""
    files = sorted((ROOT / top).rglob("*.py"))
    return tuple((f.relative_to(ROOT).as_posix(), ast.parse(f.read_text(encoding="utf-8"))) for f in files)


def imports(path: str, tree: ast.Module) -> Iterator[tuple[int, str]]:
    """(line, full name) of everything a module imports, also inside functions; relative names made
    absolute."""
    package = path.removesuffix("/__init__.py").removesuffix(".py").split("/")
    if not path.endswith("__init__.py"):
        package = package[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = [] if not node.level else package[: len(package) - node.level + 1]
            source = ".".join([*base, *([node.module] if node.module else [])])
            for alias in node.names:
                yield node.lineno, f"{source}.{alias.name}"


def inside(name: str, folders: tuple[str, ...]) -> bool:
    """The module is one of these or below one of them."""
    return any(name == folder or name.startswith(f"{folder}.") for folder in folders)


def calls(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """(line, what is called as written)."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield node.lineno, ast.unparse(node.func)


@pytest.mark.parametrize("top", WALLS)
def test_imports_run_one_way(top: str) -> None:
    through = [
        f"{path}:{line} imports {name}"
        for path, tree in sources(top)
        if path != WIRING
        for line, name in imports(path, tree)
        if inside(name, WALLS[top])
    ]
    assert not through, "design.md §3: imports run one way\n" + "\n".join(through)


#: The subjects of design.md §3 and the floors they stand on; on the lowest, in this order.
FLOORS = {
    "base": 0.0,
    "time": 0.1,
    "places": 0.2,
    "people": 0.3,
    "messages": 1,
    "things": 1,
    "record": 1,
    "issues": 2,
    "votes": 2,
    "signups": 2,
    "surveys": 2,
    "matters": 3,
    "projects": 4,
    "bulletins": 5,
    "privacy": 5,
    "health": 5,
}
SUBJECTS = {name for name in FLOORS if name not in ("base", "time", "privacy", "health")}
#: Modules over all subjects, which whoever shows or does it asks for all of them.
OVER_ALL = ("models.privacy", "models.health")
#: What a subject of models/ may consist of, each a module, or a package where it outgrew one.
ROOMS = {"tables", "rules", "find", "steps", "public", "privacy"}


def subject_of(path: str) -> str | None:
    """Whose a module is, from its path or its full name."""
    parts = path.removesuffix(".py").replace(".", "/").split("/")
    if parts[0] == "models" and len(parts) > 1:
        return parts[1] if parts[1] in FLOORS else None
    inside_handlers = parts[0] == "handlers" and len(parts) > 2 and parts[1] in ("chat", "pages")
    return parts[2] if inside_handlers and parts[2] in FLOORS else None


def test_subjects_import_downwards_never_sideways() -> None:
    through = []
    for top in ("models", "handlers"):
        for path, tree in sources(top):
            own = subject_of(path)
            for line, name in imports(path, tree) if own is not None else ():
                other = subject_of(name)
                if other in (None, own) or (top == "handlers" and inside(name, OVER_ALL)):
                    continue
                if FLOORS[other or ""] >= FLOORS[own or ""]:
                    through.append(f"{path}:{line} imports {name}")
    assert not through, "subjects stand on floors (design.md §3)\n" + "\n".join(through)


def test_a_subject_of_models_has_the_same_rooms() -> None:
    strange = [
        path
        for path, _ in sources("models")
        if "migrations" not in path
        and (parts := path.removesuffix(".py").split("/"))[1] not in ("base", "time", "privacy", "health")
        and parts[1] != "__init__"
        and not (parts[1] in SUBJECTS and parts[2] in {*ROOMS, "__init__"})
    ]
    assert not strange, f"{sorted(ROOMS)}, nothing else: {strange}"


@pytest.mark.parametrize(
    "folder",
    [
        "models",
        "handlers/chat",
        "handlers/pages",
        "handlers/pages/templates",
        "config/texts",
        "tests/dialogs",
    ],
)
def test_the_same_subjects_everywhere(folder: str) -> None:
    beside = {"__pycache__", "migrations", "templates", "static", "channels"}
    there = {each.name for each in (ROOT / folder).iterdir() if each.is_dir()} - beside
    assert there, f"{folder} has no subjects"
    assert there <= SUBJECTS, f"no subject of design.md §3: {sorted(there - SUBJECTS)}"


def test_handlers_leave_rows_to_the_steps() -> None:
    """A handler reads through `find` and `public` and writes through `steps`: no statement, no row made, no
    column set."""
    asks = {"add", "add_all", "delete", "merge", "execute", "scalar", "scalars", "query"}
    found = []
    for path, tree in sources("handlers"):
        for line, name in imports(path, tree):
            if name.startswith("sqlalchemy.") and name not in (
                "sqlalchemy.orm.Session",
                "sqlalchemy.exc.SQLAlchemyError",
            ):
                found.append(f"{path}:{line} imports {name}")
        for line, name in calls(tree):
            owner, _, last = name.rpartition(".")
            if last in asks and owner.endswith("session"):
                found.append(f"{path}:{line} calls {name}")
        found += [
            f"{path}:{node.lineno} sets {ast.unparse(node)}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute)
            and isinstance(node.ctx, ast.Store)
            and ast.unparse(node.value) not in ("turn", "self", "response", "page")
        ]
    assert not found, "handlers do not write rows (design.md §3)\n" + "\n".join(found)


def test_the_wiring_is_where_handlers_are_imported() -> None:
    assert any(inside(name, ("handlers",)) for _, name in imports(WIRING, dict(sources("bot"))[WIRING]))


def test_what_is_wired_does_not_know_the_wiring() -> None:
    """Nor by an import for types only: that is a circle too."""
    knowing = {
        path for path, tree in sources("bot") for _, name in imports(path, tree) if inside(name, ("bot.app",))
    }
    assert knowing == {"bot/cli/serve.py"}


def test_a_chat_handler_knows_only_its_turn() -> None:
    through = [
        f"{path}:{line} imports {name}"
        for path, tree in sources("handlers")
        if path.startswith("handlers/chat/")
        for line, name in imports(path, tree)
        if inside(name, ("bot",)) and not inside(name, CHAT_MAY_IMPORT)
    ]
    assert not through, f"a handler may import {', '.join(CHAT_MAY_IMPORT)}\n" + "\n".join(through)


def test_a_page_reaches_no_channel() -> None:
    through = [
        f"{path}:{line} imports {name}"
        for path, tree in sources("handlers")
        for line, name in imports(path, tree)
        if inside(name, PAGES_MAY_NOT_IMPORT)
    ]
    assert not through, "\n".join(through)


def test_handlers_cannot_send() -> None:
    """What a handler returns is the reply; `turn.tell` adds the rest. No outbox row, no insert, no commit of
    its own."""
    sending = re.compile(r"(^|\.)(Outbox|Outgoing|insert|commit|rollback|begin|send)$")
    found = [
        f"{path}:{line} calls {name}"
        for path, tree in sources("handlers")
        if path.startswith("handlers/chat/")
        for line, name in calls(tree)
        if sending.search(name)
    ]
    assert not found, "\n".join(found)


def test_only_the_database_commits() -> None:
    found = [
        f"{path}:{line} calls {name}"
        for top in TOPS
        for path, tree in sources(top)
        if path not in COMMITS
        for line, name in calls(tree)
        if name.endswith(".commit")
    ]
    assert not found, "one turn, one transaction, one commit (bot/storage)\n" + "\n".join(found)
    assert {
        path for path, tree in sources("bot") for _, name in calls(tree) if name.endswith(".commit")
    } == COMMITS


def test_only_the_storage_part_knows_which_database_it_is() -> None:
    found = [
        f"{path}:{number}: {line.strip()}"
        for top in TOPS
        for path, _ in sources(top)
        if not path.startswith(("bot/storage/", "models/migrations/"))
        for number, line in enumerate((ROOT / path).read_text(encoding="utf-8").splitlines(), 1)
        if DIALECT.search(line)
    ]
    assert not found, "\n".join(found)
    assert DIALECT.search((ROOT / "bot/storage/sqlite.py").read_text(encoding="utf-8"))


def clock_calls(top: str) -> Iterator[tuple[str, int, str]]:
    """Where a module asks what time it is; asking an object of ours (`clock.now()`) is not that."""
    for path, tree in sources(top):
        for line, name in calls(tree):
            owner, _, last = name.rpartition(".")
            if last in CLOCKS and owner in (
                "datetime",
                "date",
                "time",
                "datetime.datetime",
                "datetime.date",
                "dt",
            ):
                yield path, line, name


def test_models_are_told_what_time_it_is() -> None:
    found = [
        f"{path}:{line} calls {name}"
        for path, line, name in clock_calls("models")
        if MODELS_CLOCKS.get(path) != name
    ]
    assert not found, "models take `now` as an argument\n" + "\n".join(found)


def test_handlers_are_told_what_time_it_is() -> None:
    assert not list(clock_calls("handlers")), "a handler has turn.now, a page the clock it was given"


def test_models_do_no_input_or_output() -> None:
    found = [
        f"{path}:{line} imports {name}"
        for path, tree in sources("models")
        for line, name in imports(path, tree)
        if inside(name, ("aiohttp", "socket", "http", "urllib", "asyncio"))
    ]
    found += [
        f"{path}:{line} calls {name}"
        for path, tree in sources("models")
        for line, name in calls(tree)
        if name == "open" or name.endswith((".read_text", ".write_text"))
    ]
    assert not found, "\n".join(found)


def test_the_language_part_is_pure() -> None:
    """Text in, `Understanding` out: no network, no database, no clock, no chance; of files only the
    lexicon."""
    found: list[str] = []
    for path, tree in sources("bot"):
        if not path.startswith("bot/language/") or path.startswith(LANGUAGE_TOOLS):
            continue
        for line, name in imports(path, tree):
            if inside(name, IMPURE) or (inside(name, TOPS) and not inside(name, ("bot.language", "config"))):
                found.append(f"{path}:{line} imports {name}")
            if inside(name, ("bot.language.measuring",)):
                found.append(f"{path}:{line} imports the tool {name}")
        if path != "bot/language/lexicon.py":
            found += [
                f"{path}:{line} calls {name}"
                for line, name in calls(tree)
                if name == "open" or name.endswith((".open", ".read_text", ".read_bytes"))
            ]
    found += [
        f"{path}:{line} calls {name}"
        for path, line, name in clock_calls("bot")
        if path.startswith("bot/language/") and not path.startswith(LANGUAGE_TOOLS)
    ]
    assert not found, "\n".join(found)


def test_no_sentence_in_handlers() -> None:
    """What the bot says is in config/texts; docstrings may quote."""
    found: list[str] = []
    for path, tree in sources("handlers"):
        docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        texts = [
            n
            for n in ast.walk(tree)
            if isinstance(n, ast.Constant) and isinstance(n.value, str) and id(n) not in docstrings
        ]
        found += [
            f"{path}:{n.lineno}: {n.value!r}"
            for n in texts
            if SENTENCE.search(str(n.value)) and not PATTERN.search(str(n.value))
        ]
    assert not found, "a sentence belongs in config/texts\n" + "\n".join(found)


def test_no_nameless_module() -> None:
    assert not [
        path
        for top in (*TOPS, "tests", "tools")
        for path, _ in sources(top)
        if NAMELESS & set(Path(path).with_suffix("").parts)
    ]


def test_nothing_left_for_later() -> None:
    marks = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
    lines = (
        (path, number, line)
        for top in TOPS
        for path, _ in sources(top)
        for number, line in enumerate((ROOT / path).read_text(encoding="utf-8").splitlines(), 1)
    )
    assert not [f"{path}:{number}: {line.strip()}" for path, number, line in lines if marks.search(line)]


def test_the_rules_can_be_broken(tmp_path: Path) -> None:
    """A rule that finds nothing in bad source would pass for ever."""
    bad = ast.parse(
        "from ..handlers import chat\nimport bot.hub as h\nsession.commit()\nfrom datetime import datetime\nx = datetime.now()"
    )
    assert [name for _, name in imports("models/deep/bad.py", bad)][:2] == [
        "models.handlers.chat",
        "bot.hub",
    ]
    assert [name for _, name in imports("bot/bad.py", ast.parse("from . import hub"))] == ["bot.hub"]
    assert inside("bot.hub", WALLS["models"])
    assert not inside("bottle", WALLS["models"])
    assert [name for _, name in calls(bad)] == ["session.commit", "datetime.now"]
