"""帮助, the commands' examples, and the posts that may say them: what the lexicon tells is what the handlers do."""

from __future__ import annotations

import re
from pathlib import Path

from bot.language import load_lexicon, role_of
from bot.turns.message import Inbound
from bot.turns.texts import TEXTS
from handlers.chat.messages.help import ORDER
from models.people.rules import Role
from tests.town import town

COMMANDS = load_lexicon().commands
SERVED = {verb: rule for verb, rule in COMMANDS.items() if not rule.later}
#: Said by posts only.
OFFICIAL = {verb: rule for verb, rule in SERVED.items() if "resident" not in rule.roles}
#: Who act on what they were called to and help themselves to nothing: no refusal names them.
CALLED = {"department_officer", "property_officer"}
#: Who holds each post in the small town.
HOLDERS = {
    Role.CAPTAIN: "c3",
    Role.GRID_MEMBER: "g1",
    Role.SECRETARY: "sec",
    Role.STREET_OFFICER: "street",
    Role.DEPARTMENT_OFFICER: "dept-a",
    Role.PROPERTY_OFFICER: "prop",
}


def test_every_command_is_told_somewhere() -> None:
    """In somebody's help, or in the button or sentence that asks for it; but for words people use by
    themselves."""
    helped = " ".join(line for line, _ in load_lexicon().help)
    texts = "\n".join(file.read_text(encoding="utf-8") for file in sorted(TEXTS.rglob("*.yaml")))
    silent = {
        verb
        for verb, rule in SERVED.items()
        if f"{{{verb}}}" not in helped and not re.search(rf"「{rule.word}|send: [\"']?{rule.word}", texts)
    }
    assert silent == {"withdraw", "done"}


async def test_help_is_for_ones_post(tmp_path: Path) -> None:
    async with town(tmp_path) as bot:
        for role in ORDER:
            (told,) = await bot.hub.receive(Inbound("sandbox", f"dm:{HOLDERS[role]}", HOLDERS[role], "帮助"))
            own = [line for line, roles in load_lexicon().help if role in roles]
            verbs = {verb for line in own for verb in re.findall(r"{(\w+)}", line)} - {"board"}
            assert verbs
            assert all(COMMANDS[verb].example in told.body["text"] for verb in verbs)
            assert len(told.body["text"].split("\n")) == len(own) <= 10


async def test_the_posts_of_a_command_are_those_its_handler_lets(tmp_path: Path) -> None:
    """A resident is refused with the posts that may; who only comes when called is not among them."""
    async with town(tmp_path) as bot:
        for text in ("3栋电梯又坏了，停在3楼不动，没人管", "2栋楼道垃圾堆了三天没人收"):
            await bot.hub.receive(Inbound("sandbox", "g", "r3", text))
        await bot.hub.receive(Inbound("sandbox", "dm:c3", "c3", "挂账 1 到12月20日 等配件"))
        for verb, rule in OFFICIAL.items():
            said = re.sub(r"\b21\b", "2", re.sub(r"\b17\b", "1", rule.example))
            (told,) = await bot.hub.receive(Inbound("sandbox", "dm:r1", "r1", said))
            named = re.search("这一步要由(.*?)来做", told.body["text"])
            assert named, f"{verb}: {told.body['text']}"
            posts = {role_of(name) for name in re.split("、|或", named[1])}
            assert posts <= set(rule.roles), verb
            assert set(rule.roles) - posts <= CALLED, verb
