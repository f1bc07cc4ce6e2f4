"""The clocks of this host. They extend the last measurement of PostgreSQL's clock, and are compared with it."""

import sys
import time
from typing import Final

# CLOCK_BOOTTIME also counts while the host is suspended. Systems without it use their monotonic clock.
_STEADY_CLOCK: Final = time.CLOCK_BOOTTIME if sys.platform == "linux" else time.CLOCK_MONOTONIC


class HostClock:
    """Reads this host's clocks. Times are in seconds."""

    def steady(self) -> float:
        """Return the time since an unspecified moment. Setting the host's time of day does not change it."""
        return time.clock_gettime(_STEADY_CLOCK)

    def time_of_day(self) -> float:
        """Return the host's time since 1970, which may be wrong."""
        return time.time()
