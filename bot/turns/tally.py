"""What one process counted since its start: plain integers, so that a line of chatter costs one addition."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field

#: Upper bounds of the latency histogram, in seconds.
BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


@dataclass(slots=True)
class Tally:
    """Counted by the hub, shown at `/metrics`. No names, no texts, no numbers of issues."""

    heard: int = 0
    chatter: int = 0
    turns: int = 0
    refusals: int = 0
    failures: int = 0
    #: Seconds of all turns together, and how many turns fell into each stretch of `BOUNDS` (the last: longer
    #: than all).
    seconds: float = 0.0
    stretches: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))

    def turn(self, seconds: float) -> None:
        """One turn is done."""
        self.turns += 1
        self.seconds += seconds
        self.stretches[bisect_left(BOUNDS, seconds)] += 1
