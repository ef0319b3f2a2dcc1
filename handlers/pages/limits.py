"""How often one address, and one building's page, may report: buckets in memory that fill up again."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

#: Buckets remembered at most; the longest unused go first, and they are full again by then.
REMEMBERED = 50_000


@dataclass(frozen=True, slots=True)
class Rate:
    """So many at once, then one every so many seconds."""

    burst: int
    seconds: float


class Bucket:
    """One kind of bucket, many keys."""

    def __init__(self, rate: Rate, clock: Callable[[], float] = time.monotonic) -> None:
        self.rate, self._clock = rate, clock
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str) -> bool:
        """Whether there is one left for `key`; takes it if so."""
        now = self._clock()
        level, at = self._levels.pop(key, (float(self.rate.burst), now))
        level = min(self.rate.burst, level + (now - at) / self.rate.seconds)
        enough = level >= 1
        self._levels[key] = (level - 1 if enough else level, now)
        if len(self._levels) > REMEMBERED:
            self._levels.popitem(last=False)
        return enough


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of the pages on which somebody without a login may write."""

    #: Many households share an address behind a carrier's NAT, hence the generous burst.
    address: Bucket
    building: Bucket
    follower: Bucket

    @staticmethod
    def default(clock: Callable[[], float] = time.monotonic) -> Limits:
        """12 reports at once from an address, 30 for a building, then one every 30 and 20 seconds; 20 answers
        on a follow page."""
        return Limits(Bucket(Rate(12, 30), clock), Bucket(Rate(30, 20), clock), Bucket(Rate(20, 15), clock))
