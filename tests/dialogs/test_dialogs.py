"""Transcripts of every journey, run through the hub with a real database. README.md here says how they are
written.

`YST_WRITE=1 pytest tests/dialogs` writes down what the bot says now; read the difference before you commit
it.
"""

from __future__ import annotations

import io
import os
import re
from datetime import timedelta
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from PIL import Image as Picture

from bot.app import Yishiting
from bot.turns.message import Image, Inbound, Sent
from tests.town import town

HERE = Path(__file__).parent
SAID = re.compile(r"^(?P<who>[\w-]+) @(?P<chat>[\w:-]+)(?P<marks>(?: \+\w+(?:=\S+)?)*): ?(?P<text>.*)$")
CLOCK = re.compile(r"^\((?P<count>\d+) ?(?P<unit>秒|分钟|小时|天)\)$")
UNITS = {"秒": 1, "分钟": 60, "小时": 3600, "天": 86400}


def picture(color: str = "red") -> bytes:
    """A real JPEG."""
    out = io.BytesIO()
    Picture.new("RGB", (64, 48), color).save(out, "JPEG")
    return out.getvalue()


def shown(sent: Sent) -> str:
    """One message as a transcript line."""
    text = re.sub(r"\s*\n\s*", " / ", sent.body["text"].strip())
    taps = "".join(f" [{b['label']}]" for b in sent.body["buttons"])
    photos = f" (照片{len(sent.body['images'])})" if sent.body["images"] else ""
    return f"  {sent.address} < {text}{photos}{taps}"


class Play:
    """One transcript on one town."""

    def __init__(self, bot: Yishiting) -> None:
        self.bot = bot
        self.count = 0
        self.last: dict[str, str] = {}

    async def do(self, line: str) -> list[str]:
        """Carry out one line; what was committed because of it."""
        if clock := CLOCK.match(line):
            sent = await self.bot.duties.advance(
                timedelta(seconds=int(clock["count"]) * UNITS[clock["unit"]])
            )
        else:
            said = SAID.match(line)
            assert said, f"not a line of a transcript: {line!r}"
            sent = await self.bot.hub.receive(
                self.inbound(
                    said["who"], said["chat"], said["text"].replace("\\n", "\n"), said["marks"].split()
                )
            )
        for message in sent:
            if message.receipt:
                self.last[message.address] = message.receipt
        return [shown(message) for message in sent]

    def inbound(self, who: str, chat: str, text: str, marks: list[str]) -> Inbound:
        """The message that a line means; `+photo`, `+mention`, `+quote`, `+voice`, `+video`, `+id=X`,
        `+recall=X`."""
        self.count += 1
        chat = f"dm:{who}" if chat == "dm" else chat
        named = dict(mark[1:].split("=", 1) for mark in marks if "=" in mark)
        recalled = named.get("recall")
        return Inbound(
            channel="sandbox",
            chat=chat,
            sender=who,
            text=text,
            message_id=None if recalled else named.get("id", f"m{self.count}"),
            mention="+mention" in marks,
            quote=self.last.get(chat) if "+quote" in marks else None,
            images=(Image(picture(named.get("color", "red"))),) if "+photo" in marks else (),
            media=next((m for m in ("voice", "video") if f"+{m}" in marks), None),
            recalled=recalled,
        )


def agrees(expected: str, actual: str) -> bool:
    """`*` in the transcript stands for anything."""
    return fnmatchcase(actual.replace("[", "〔"), expected.replace("[", "〔"))


async def follow(play: Play, file: Path) -> None:
    """Every line of a transcript causes the messages that stand under it."""
    lines = file.read_text(encoding="utf-8").splitlines()  # noqa: ASYNC240 - a small file, and nothing else runs
    written: list[str] = []
    place = 0
    while place < len(lines):
        line = lines[place]
        place += 1
        if not line.strip() or line.startswith("#"):
            written.append(line)
            continue
        expected = []
        while place < len(lines) and lines[place].startswith("  "):
            expected.append(lines[place])
            place += 1
        actual = await play.do(line)
        if "  …" in expected:
            assert all(any(agrees(e, a) for a in actual) for e in expected if e != "  …"), (
                f"{file.name}: {line}\n" + "\n".join(actual)
            )
            written += [line, *expected]
            continue
        written += [line, *actual]
        if not os.environ.get("YST_WRITE"):
            matched = len(expected) == len(actual) and all(
                agrees(e, a) for e, a in zip(expected, actual, strict=True)
            )
            assert matched, (
                f"{file.name}: {line}\nexpected:\n" + "\n".join(expected) + "\nactual:\n" + "\n".join(actual)
            )
    if os.environ.get("YST_WRITE"):
        file.write_text("\n".join(written) + "\n", encoding="utf-8")  # noqa: ASYNC240 - likewise


@pytest.mark.parametrize("file", sorted(HERE.rglob("*.txt")), ids=lambda f: f.stem)
async def test_dialog(file: Path, tmp_path: Path) -> None:
    async with town(tmp_path) as bot:
        await follow(Play(bot), file)
