"""The errands of chat, found in their subjects' folders; a key claimed by two of them stops the start."""

from importlib import import_module
from pathlib import Path

from bot.turns.router import Router


def router() -> Router:
    """All errands together: every module of a subject that has a `router`."""
    whole = Router()
    for file in sorted(Path(__file__).parent.glob("*/*.py")):
        errand = import_module(f"handlers.chat.{file.parent.name}.{file.stem}")
        if isinstance(own := getattr(errand, "router", None), Router):
            whole.include(own)
    return whole
