"""The gate page as a channel: what the bot says is shown on the follow page, straight from the outbox
table."""

from __future__ import annotations

import secrets
from typing import Any

from aiohttp import web

from bot.turns.message import Image, Undeliverable


class Gate:
    """Nothing is sent anywhere: committed is delivered."""

    name = "gate"
    instant = True

    def mount(self, app: web.Application) -> None:
        """The pages mount their own routes (handlers/pages)."""

    def receipt(self) -> str:
        """A name for a message that no platform numbers."""
        return secrets.token_hex(8)

    async def send(self, _address: str, _body: dict[str, Any], _key: str) -> str | None:
        """Never called, since every message is delivered by its commit."""
        raise Undeliverable("the gate page has nobody to send to", final=True)

    async def fetch(self, _image: Image) -> bytes:
        """The page hands pictures over as bytes."""
        raise Undeliverable("the gate page has no addresses of pictures", final=True)
