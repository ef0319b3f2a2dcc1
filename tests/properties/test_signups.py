"""Several residents pass a list around at once, each copying whichever version they last saw."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.app import Yishiting
from bot.turns.message import Inbound
from models.signups.find import standing
from models.signups.rules import Line, folded, listed, merge
from models.signups.tables import SignUp, SignUpEntry
from tests.town import town

PLAY: list[tuple[asyncio.Runner, Yishiting]] = []
COUNT = itertools.count(1)
WHO = ("r1", "r2", "r3", "r4", "r5", "r3x")
SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许"
#: Who posts, how many versions back the copy is, how the copy is written, and a note.
POST = st.tuples(
    st.sampled_from(WHO),
    st.integers(0, 4),
    st.sampled_from(["{n}. ", "{n}、", "({n}) "]),
    st.sampled_from(["", "2份", "带凳子"]),
)


@pytest.fixture(scope="module", autouse=True)
def played() -> Iterator[None]:
    """One town for all examples; each passes a list of its own around."""
    with TemporaryDirectory() as folder, asyncio.Runner() as runner:
        stack = AsyncExitStack()
        bot = runner.run(stack.enter_async_context(town(Path(folder))))
        PLAY.append((runner, bot))
        yield
        PLAY.clear()
        runner.run(stack.aclose())


@given(st.lists(POST, min_size=2, max_size=12))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_honest_reposts_lose_nobody_and_double_nobody(posts: list[tuple[str, int, str, str]]) -> None:
    runner, bot = PLAY[0]
    title = f"第{next(COUNT)}次 团购🍊"
    versions: list[list[tuple[str, str]]] = [[]]
    owners: dict[str, str] = {}
    for n, (who, back, mark, note) in enumerate(posts):
        name = f"{SURNAMES[n]}家{who}"
        owners[name] = who
        # A copy of the newest list or of an older one, and the own line at its end.
        lines = [*versions[max(0, len(versions) - 1 - back)], (name, note)]
        versions.append(lines)
        text = "\n".join(f"{mark.format(n=i)}{a} {b}" for i, (a, b) in enumerate(lines, 1))
        message = f"s{next(COUNT)}"
        said = Inbound("sandbox", "g", who, f"#接龙 {title}\n{text}", message_id=message)
        runner.run(bot.hub.receive(said))
        runner.run(bot.hub.receive(said))

    def read(session: Session) -> list[tuple[str, str]]:
        signups = [s for s in session.scalars(select(SignUp)) if folded(s.title) == folded(title)]
        assert len(signups) == 1
        return [(line.name, line.note) for line in standing(session, signups[0])]

    kept = runner.run(bot.database.read(read))
    assert sorted(name for name, _ in kept) == sorted(owners)
    assert dict(kept) == {line[0]: line[1] for version in versions for line in version}


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["老王", "老王🌸", "李姐", "匿名"]), st.sampled_from(["", "1份", "2 份", "2份"])
        )
    )
)
def test_doubles_fold_without_losing_a_note(pairs: list[tuple[str, str]]) -> None:
    lines = listed(Line(name, note) for name, note in pairs)
    assert len({folded(line.name) for line in lines.values() if line.name != "匿名"}) == len(
        [line for line in lines.values() if line.name != "匿名"]
    )
    noted = "；".join(line.note for line in lines.values()).replace(" ", "")
    assert all(note.replace(" ", "") in noted for _, note in pairs)


def kept(*rows: tuple[str, str, int]) -> list[SignUpEntry]:
    """Lines as they are stored."""
    return [SignUpEntry(name=n, note=note, owner_id=owner, was=[], shown=True) for n, note, owner in rows]


def test_only_ones_own_line_is_withdrawn_by_leaving_it_out() -> None:
    rows = kept(("老王", "", 1), ("李姐", "", 2))
    assert [line.name for line in merge(rows, [Line("李姐")], 1).left] == ["老王"]
    assert merge(rows, [Line("李姐")], 3).left == []
    assert merge(rows, [Line("李姐"), Line("老王妈妈")], 1).left == [], (
        "an older copy, and a line added to it"
    )
    rows[0].shown = False
    assert merge(rows, [Line("李姐")], 1).left == [], "somebody else had dropped it before"
