"""The language part: text in, `Understanding` out. No network, no clock, no database; only config/lexicon is
read, once."""

from .forms.moments import parse_until
from .lexicon import Lexicon, LexiconError, load_lexicon
from .names import (
    category_name,
    category_of,
    command_word,
    help_lines,
    role_name,
    role_of,
    urgency_name,
    urgency_of,
)
from .places import parse_place, render_place, says_only
from .reader import Reader
from .understanding import Command, Gazetteer, Place, Understanding

#: Every value that `Understanding.alarm` can have; the last two are answered in private.
ALARMS = (
    "trapped",
    "gas",
    "fire",
    "live_wire",
    "manhole",
    "fallen",
    "missing",
    "attack",
    "violence",
    "suicide",
)

__all__ = [
    "ALARMS",
    "Command",
    "Gazetteer",
    "Lexicon",
    "LexiconError",
    "Place",
    "Reader",
    "Understanding",
    "category_name",
    "category_of",
    "command_word",
    "help_lines",
    "load_lexicon",
    "parse_place",
    "parse_until",
    "render_place",
    "role_name",
    "role_of",
    "says_only",
    "urgency_name",
    "urgency_of",
]
