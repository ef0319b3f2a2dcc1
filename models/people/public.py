"""What the public may read of a name."""

from __future__ import annotations


def masked(name: str) -> str:
    """王小明 → 王**; nothing beyond the first letter, and no count of a long name's letters."""
    return name[:1] + "*" * max(1, min(2, len(name) - 1)) if name else ""
