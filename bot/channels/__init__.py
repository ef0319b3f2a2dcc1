"""One file (or folder) a platform: its settings, its pace, its examination, wire in and wire out."""

from __future__ import annotations

from bot.channels.gate import Gate
from bot.channels.onebot.channel import OneBot
from bot.channels.protocols import Channel
from bot.channels.sandbox import Sandbox

#: Every channel there is; not in bot/app.py, so that a command need not load the bot to read its settings.
CHANNELS: tuple[type[Channel], ...] = (Gate, Sandbox, OneBot)
