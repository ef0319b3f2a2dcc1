"""The errands of chat; a key claimed by two of them stops the start."""

from bot.router import Router
from handlers.chat import (
    backing,
    decide,
    due,
    fallback,
    help,  # noqa: A004 - the errand's name
    hold,
    leave,
    membership,
    pass_on,
    report,
    report_for,
    rights,
    unasked,
    verdict,
    whistle,
    work,
)
from handlers.chat.due import digest, given_up, unanswered

__all__ = ["digest", "given_up", "router", "unanswered"]

ERRANDS = (
    report,
    report_for,
    backing,
    work,
    pass_on,
    hold,
    whistle,
    decide,
    verdict,
    due,
    help,
    membership,
    leave,
    rights,
    unasked,
    fallback,
)


def router() -> Router:
    """All errands together."""
    whole = Router()
    for errand in ERRANDS:
        whole.include(errand.router)
    return whole
