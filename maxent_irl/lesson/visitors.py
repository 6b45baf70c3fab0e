"""How much anybody may ask for: a bucket of requests per tab, refilled with time; few are kept, and idle ones forgotten."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

BURST, PER_SECOND = 120.0, 60.0  # of one tab: a slider that is dragged asks about thirty times a second
OF_ALL = 4.0  # all tabs together may ask as often as so many
MOST_TABS, IDLE_SECONDS = 256, 600.0


@dataclass
class Bucket:
    """Requests left, and when that was true."""

    left: float
    at: float

    def take(self, now: float, burst: float, per_second: float) -> bool:
        """Take one request out if there is one."""
        self.left = min(burst, self.left + per_second * (now - self.at))
        self.at = now
        if self.left < 1.0:
            return False
        self.left -= 1.0
        return True


class Visitors:
    """Buckets of the tabs that asked lately. Nothing else is known of anybody.

    Parameters
    ----------
    clock : callable
        Seconds that never run backwards.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._tabs: OrderedDict[str, Bucket] = OrderedDict()  # the one that asked last at the end
        self._all = Bucket(OF_ALL * BURST, clock())

    def __len__(self) -> int:
        return len(self._tabs)

    def allow(self, tab: str) -> bool:
        """Whether this tab may ask now; forgets tabs that were idle, and the least recent of too many."""
        with self._lock:
            now = self._clock()
            while self._tabs and (
                len(self._tabs) > MOST_TABS or now - next(iter(self._tabs.values())).at > IDLE_SECONDS
            ):
                self._tabs.popitem(last=False)
            bucket = self._tabs.setdefault(tab, Bucket(BURST, now))
            self._tabs.move_to_end(tab)
            if len(self._tabs) > MOST_TABS:
                self._tabs.popitem(last=False)
            return bucket.take(now, BURST, PER_SECOND) and self._all.take(now, OF_ALL * BURST, OF_ALL * PER_SECOND)
