"""The errands of chat, in the order in which they are asked; a key claimed twice stops the start."""

from bot.router import Router
from handlers.chat import due, fallback, report, verdict, work
from handlers.chat.due import digest, unanswered

__all__ = ["digest", "router", "unanswered"]


def router() -> Router:
    """All errands together."""
    whole = Router()
    for errand in (report, work, verdict, due, fallback):
        whole.include(errand.router)
    return whole
