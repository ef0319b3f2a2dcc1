"""What every page is given: the database, the words, the clock, the hub."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web
from jinja2 import Environment

from bot.clock import Clock
from bot.database import Database
from bot.message import Hub
from bot.texts import Texts
from bot.tokens import Tokens
from config.rules import IssueRules
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
    jinja: Environment
    limits: Limits
    #: What categories are called.
    rules: IssueRules


SITE = web.AppKey("site", Site)
