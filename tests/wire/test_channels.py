"""The list of channels: what each declares, and what each can do."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.app import build
from bot.channels import CHANNELS
from bot.channels.protocols import Channel, Fetches, Instant, Sends
from bot.operations.configuration import Installation
from config.settings import Section, Settings

NAMES = [kind.name for kind in CHANNELS]


def configured(home: Path, *kinds: type[Channel], **more: object) -> Settings:
    """Settings that turn these channels on."""
    sections = {kind.name: filled(kind.section) for kind in kinds if kind.section is not None}
    return Installation(home=home, **sections, **more)  # type: ignore[arg-type]  # settings as read from a file


def filled(section: type[Section]) -> dict[str, str]:
    """A section with what it cannot do without."""
    fields = section.model_fields.items()
    return {name: f"{name}-of-enough-letters" for name, field in fields if field.is_required()}


def test_names_are_told_apart() -> None:
    assert len(set(NAMES)) == len(NAMES)
    assert len({kind.section for kind in CHANNELS if kind.section}) == len(
        [kind for kind in CHANNELS if kind.section]
    ), "a section is found by its class"
    assert sum(kind.by_key for kind in CHANNELS) == 1


@pytest.mark.parametrize("kind", CHANNELS, ids=NAMES)
def test_a_channel_can_do_what_it_declares(kind: type[Channel], tmp_path: Path) -> None:
    bot = build(configured(tmp_path, kind, sandbox=True))
    channel = bot.channels[kind.name]
    assert isinstance(channel, kind)
    assert isinstance(channel, Instant) != isinstance(channel, Sends), "a message goes out in one way"
    for protocol in (Instant, Sends, Fetches):
        for method in (name for name, value in vars(protocol).items() if name[0] != "_" and callable(value)):
            inherited = getattr(kind, method, None) is getattr(protocol, method)
            assert not inherited, f"{kind.__name__}.{method} is declared and not written"
    assert (kind.name in bot.hub.writing.instant) == isinstance(channel, Instant)
    assert (kind.name in bot.worker.channels) == isinstance(channel, Sends)
    assert (kind.name in bot.hub.pictures.fetching) == isinstance(channel, Fetches)


@pytest.mark.parametrize("kind", [kind for kind in CHANNELS if kind.section], ids=lambda kind: kind.name)
def test_a_real_channel_is_on_with_its_section_and_turns_the_sandbox_off(
    kind: type[Channel], tmp_path: Path
) -> None:
    plain, real = Installation(home=tmp_path), configured(tmp_path, kind)
    assert (plain.sandbox_on, kind.on(plain)) == (True, False)
    assert (real.sandbox_on, kind.on(real)) == (False, True)
    assert configured(tmp_path, kind, sandbox=True).sandbox_on
    assert kind.connect, "doctor says how to turn it on"
    assert list(kind.examine(real))
    bot = build(real)
    assert set(bot.channels) == bot.hub.world.channels == {"gate", kind.name}
