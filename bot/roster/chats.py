"""Groups, each bound to a place."""

from __future__ import annotations

from operator import itemgetter

from .compare import Comparison
from .places import Places


def compare_chats(compared: Comparison, places: Places) -> None:
    """By channel and key, since two channels may use one key."""
    asked = {e.values["chat"] for e in compared.roster.sheets.get("chats", ())}
    known = {
        (row["channel"], row["key"]): row
        for row in (*compared.near("chats"), *compared.stored("chats", "key", asked))
    }
    for entry in compared.entries("chats"):
        channel, key, spot = entry.values["channel"], entry.values["chat"], places.spot("chats", entry)
        if spot["community_id"] is None:
            continue
        existing = known.get((channel, key))
        if existing is not None and existing["community_id"] not in compared.mentioned:
            compared.roster.blame("chats", entry.row, "chat", "roster/chat_taken", who=key)
            continue
        name = entry.values.get("name") or key
        compared.merge("chats", existing, {"channel": channel, "key": key, "name": name, **spot}, name)
    compared.retire("chats", known.values(), itemgetter("name"))
