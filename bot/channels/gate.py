"""The gate page as a channel: what the bot says is shown on the follow page, straight from the outbox table.
The pages mount their own routes."""

from __future__ import annotations

import secrets

from bot.channels.protocols import Channel, Instant, Parts
from models.issues.public.follow import GATE


class Gate(Channel, Instant):
    """Nothing is sent anywhere: committed is delivered, and read when the page is opened."""

    name = GATE
    tells = False

    @classmethod
    def opened(cls, _parts: Parts) -> Gate:
        """It needs nothing."""
        return cls()

    def receipt(self) -> str:
        """A name for a message that no platform numbers."""
        return secrets.token_hex(8)
