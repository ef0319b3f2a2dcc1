"""Every sentence the bot says: `config/texts/<subject>/<errand>.yaml`, one key a message, rendered by Jinja
with nothing left undefined."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, StrictUndefined, Template

import config
from bot.turns.message import Button, Reply
from models.time import CHINA

TEXTS = Path(config.__file__).parent / "texts"


@dataclass(frozen=True, slots=True)
class _Entry:
    text: Template
    buttons: tuple[tuple[Template, Template], ...]
    links: tuple[Template, ...]


class Texts:
    """Keys like `report/opened` → words. An entry is a string, or {text, buttons: [{label, send}], links:
    [..]}."""

    def __init__(self, folder: Path = TEXTS, **everywhere: Any) -> None:
        self._jinja = Environment(
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            autoescape=False,  # noqa: S701 - chat text, not HTML; pages escape for themselves
        )
        self._jinja.globals.update(everywhere)
        self._jinja.filters.update(when=when, day=day)
        self._entries: dict[str, _Entry] = {}
        for file in sorted(folder.rglob("*.yaml")):
            for key, value in (yaml.safe_load(file.read_text(encoding="utf-8")) or {}).items():
                name = f"{file.stem}/{key}"
                if name in self._entries:
                    raise ValueError(f"two texts {name!r}")
                self._entries[name] = self._compile(value if isinstance(value, dict) else {"text": value})

    def _compile(self, entry: dict[str, Any]) -> _Entry:
        make = self._jinja.from_string
        return _Entry(
            make(str(entry["text"]).strip()),
            tuple((make(str(b["label"])), make(str(b["send"]))) for b in entry.get("buttons", ())),
            tuple(make(str(link)) for link in entry.get("links", ())),
        )

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __contains__(self, key: str) -> bool:
        return key in self._entries

    def text(self, key: str, **values: Any) -> str:
        """The words alone. Raises `KeyError` for an unknown key, `jinja2.UndefinedError` for a missing
        value."""
        return self._entries[key].text.render(**values)

    def reply(
        self,
        key: str,
        *,
        about: int | None = None,
        private: bool = False,
        images: tuple[str, ...] = (),
        **values: Any,
    ) -> Reply:
        """A whole message: words, buttons, links. A button or link that renders to nothing is left out."""
        entry = self._entries[key]
        buttons = tuple(
            Button(label.render(**values), send.render(**values)) for label, send in entry.buttons
        )
        links = tuple(link.render(**values) for link in entry.links)
        return Reply(
            entry.text.render(**values),
            tuple(b for b in buttons if b.label and b.send),
            images,
            tuple(link for link in links if link),
            about,
            private,
        )


def when(moment: datetime) -> str:
    """「12月5日 18:00」, in China's time."""
    local = moment.astimezone(CHINA)
    return f"{local.month}月{local.day}日 {local:%H:%M}"


def day(moment: datetime) -> str:
    """「12月5日」."""
    local = moment.astimezone(CHINA)
    return f"{local.month}月{local.day}日"
