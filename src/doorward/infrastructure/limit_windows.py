"""Limits counted in memory: a fixed window a client, with no thread or timer to end windows."""

import math
import time
from typing import Final, NamedTuple

MAXIMUM_CLIENTS: Final = 100_000
"""Counted at a time for one call, some 20 MB. Above, those are forgotten whose windows end first."""

SWEPT_AT_ONCE: Final = 2
"""Ended windows that each call removes: more than it can add."""

SECONDS_OF_PERIOD: Final = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}
"""What the settings call the length of a window."""


class Limit(NamedTuple):
    """How many calls there may be in a window of how many seconds."""

    calls: int
    seconds: int

    @classmethod
    def parse(cls, text: str) -> "Limit":
        """Read a limit as the settings have it: ``10/minute``."""
        calls, _, period = text.partition("/")
        return cls(int(calls), SECONDS_OF_PERIOD[period])


class LimitWindows:
    """How often each client made one call in its present window, which begins with its first call."""

    def __init__(self, limit: Limit) -> None:
        """Take how many calls there may be in a window of what length."""
        self._limit = limit
        # In the order in which the windows began, and so end.
        self._windows: dict[str, tuple[float, int]] = {}

    def count(self, client: str) -> int:
        """Count one call; return 0 when it is within the limit, else the seconds until the next window begins."""
        now = time.monotonic()
        self._sweep(now)
        ends_at, calls = self._windows.get(client, (0.0, 0))
        if ends_at <= now:
            self._windows.pop(client, None)
            ends_at, calls = now + self._limit.seconds, 0
        if calls >= self._limit.calls:
            return max(1, math.ceil(ends_at - now))
        self._windows[client] = (ends_at, calls + 1)
        return 0

    def __len__(self) -> int:
        """Return how many clients are counted."""
        return len(self._windows)

    def _sweep(self, now: float) -> None:
        for _ in range(SWEPT_AT_ONCE):
            client = next(iter(self._windows), None)
            if client is None or (self._windows[client][0] > now and len(self._windows) < MAXIMUM_CLIENTS):
                return
            del self._windows[client]
