"""What every page is given: the database, the words, the clock, the hub."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from aiohttp import web
from jinja2 import Environment

from bot.storage import Database
from bot.storage.keys import Tokens
from bot.turns.clock import Clock
from bot.turns.message import Hub
from bot.turns.texts import Texts
from bot.turns.world import Kind
from config.rules import IssueRules, load_issue_rules
from config.settings import Settings
from handlers.pages.limits import Limits


@dataclass(frozen=True, slots=True)
class Site:
    """Passed to every page under the key `SITE`."""

    database: Database
    settings: Settings
    texts: Texts
    clock: Clock
    hub: Hub
    tokens: Tokens
    #: Where the things of each kind have their pages.
    kinds: Mapping[str, Kind]
    jinja: Environment
    limits: Limits = field(default_factory=Limits.default)
    #: What categories are called.
    rules: IssueRules = field(default_factory=load_issue_rules)


SITE = web.AppKey("site", Site)
