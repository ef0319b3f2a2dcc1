"""Where something is: buildings, units and rooms, spots, estates."""

from .grammar import find_place, parse_place, render_place, says_only

__all__ = ["find_place", "parse_place", "render_place", "says_only"]
