"""Rate limits in memory: a fixed window for each client, without a thread or a timer that removes windows."""

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

from doorward.core.networks import coarse_network
from doorward.settings.limits import SECONDS_OF_PERIOD

MAXIMUM_CLIENTS: Final = 100_000
"""Maximum number of clients counted for one call: about 30 MB."""

REMOVED_PER_NEW_WINDOW: Final = 2
"""Ended windows that are removed for each one that begins: more than are added."""

COARSE_WINDOWS: Final = 4096
"""Number of windows for clients above the maximum, which are counted by their wide network."""

COARSE_FACTOR: Final = 16
"""Factor by which the limit of a wide network exceeds that of one client."""


class Limit(NamedTuple):
    """The maximum number of calls in a window of ``seconds``."""

    calls: int
    seconds: int

    @classmethod
    def parse(cls, text: str) -> "Limit":
        """Read a limit in the format of the settings: ``10/minute``."""
        calls, _, period = text.partition("/")
        return cls(int(calls), SECONDS_OF_PERIOD[period])

    def times(self, factor: int) -> "Limit":
        """Return the limit for a network of many clients."""
        return Limit(self.calls * factor, self.seconds)


@dataclass(slots=True)
class _Window:
    ends_at: float
    calls: int = 0


class LimitWindows:
    """Counts how often each client made one call in its current window, which begins with the client's first call.

    The cost of a call does not depend on the number of clients. A client that has reached its limit is kept until its
    window ends; of the others, the oldest is evicted when the maximum is reached. When clients at their limits fill
    the maximum, further clients share the windows of their wide networks.
    """

    def __init__(
        self, limit: Limit, *, maximum: int = MAXIMUM_CLIENTS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Store the limit of each client, and ``maximum``, the number of clients that are counted at a time.

        ``clock`` returns seconds and never goes back.
        """
        self._limit = limit
        self._maximum = maximum
        self._clock = clock
        # Ordered dicts: the first entry of a plain dict takes linear time to find after many removals before it.
        self._open: OrderedDict[str, _Window] = OrderedDict()
        self._exhausted: OrderedDict[str, float] = OrderedDict()
        self._coarse = _SharedWindows(limit.times(COARSE_FACTOR))

    def count(self, client: str) -> int:
        """Count one call; return 0 when it is within the limit, else the seconds until the next window begins."""
        now = self._clock()
        window = self._open.get(client)
        if window is None or window.ends_at <= now:
            return self._count_first(client, now)
        self._add_call(client, window)
        return 0

    def __len__(self) -> int:
        """Return how many clients are counted."""
        return len(self._open) + len(self._exhausted)

    def _count_first(self, client: str, now: float) -> int:
        """Count a call of a client without an open window: refuse it at its limit, else begin a window."""
        self._remove_ended(now)
        exhausted_until = self._exhausted.get(client, 0.0)
        if exhausted_until > now:
            return _seconds_until(exhausted_until, now)
        self._exhausted.pop(client, None)
        self._open.pop(client, None)
        if not self._make_room():
            return self._coarse.count(coarse_network(client), now)
        # Added at the end: the order is that in which the windows began.
        window = self._open[client] = _Window(now + self._limit.seconds)
        self._add_call(client, window)
        return 0

    def _add_call(self, client: str, window: _Window) -> None:
        window.calls += 1
        if window.calls >= self._limit.calls:
            del self._open[client]
            self._exhausted[client] = window.ends_at

    def _make_room(self) -> bool:
        """Evict the oldest client within its limit if the maximum is reached; return whether one more can be added."""
        if len(self) >= self._maximum and self._open:
            self._open.popitem(last=False)
        return len(self) < self._maximum

    def _remove_ended(self, now: float) -> None:
        for _ in range(REMOVED_PER_NEW_WINDOW):
            if (client := next(iter(self._open), None)) is not None and self._open[client].ends_at <= now:
                del self._open[client]
            if (client := next(iter(self._exhausted), None)) is not None and self._exhausted[client] <= now:
                del self._exhausted[client]


class _SharedWindows:
    """A fixed number of windows, chosen by hash: the names of one window share its limit."""

    def __init__(self, limit: Limit) -> None:
        self._limit = limit
        self._windows: dict[int, _Window] = {}

    def count(self, name: str, now: float) -> int:
        number = hash(name) % COARSE_WINDOWS
        window = self._windows.get(number)
        if window is None or window.ends_at <= now:
            window = self._windows[number] = _Window(now + self._limit.seconds)
        if window.calls >= self._limit.calls:
            return _seconds_until(window.ends_at, now)
        window.calls += 1
        return 0


def _seconds_until(moment: float, now: float) -> int:
    return max(1, math.ceil(moment - now))
