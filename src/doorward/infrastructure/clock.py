"""The clocks of this host. PostgreSQL's clock decides; these carry it on, and are compared with it."""

import sys
import time
from typing import Final

# CLOCK_BOOTTIME also counts while the host is suspended; other systems' monotonic clock is the nearest that there is.
_STEADY_CLOCK: Final = time.CLOCK_BOOTTIME if sys.platform == "linux" else time.CLOCK_MONOTONIC


class HostClock:
    """Reads this host's clocks. Times are in seconds."""

    def steady(self) -> float:
        """Return the time since an unspecified moment. It is not changed when the host's time of day is set."""
        return time.clock_gettime(_STEADY_CLOCK)

    def time_of_day(self) -> float:
        """Return the time since 1970 as this host has it, which may be wrong."""
        return time.time()
