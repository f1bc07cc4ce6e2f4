"""Processes that believe to run on hosts with other clocks, by libfaketime (Debian: `apt-get install faketime`)."""

import os
from pathlib import Path
from typing import Final, NamedTuple

LIBRARIES: Final = ("usr/lib/*/faketime/libfaketime.so.1", "usr/lib*/faketime/libfaketime.so.1")
SHARED_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - the folder of Linux for it, not one of temporary files
REQUIRED: Final = "DOORWARD_REQUIRE_LIBFAKETIME"
"""The environment variable that makes the absence of libfaketime a failure."""

CLOCKS_NOT_EXERCISED: Final = (
    "Clocks apart were NOT exercised: no libfaketime. With it (apt-get install faketime), run again"
)


class SkewedHost(NamedTuple):
    """Clocks as libfaketime describes them: an offset and perhaps a rate.

    Both are those of timers, too: Debian's libfaketime 0.9.10 refuses every `time.sleep` when it fakes the time of day
    alone. A constant offset changes nothing for timers.
    """

    name: str
    offset: str

    def environment(self, library: Path) -> dict[str, str]:
        """Return what a process needs in its environment."""
        return {
            "LD_PRELOAD": str(library),
            "FAKETIME": self.offset,
            "FAKETIME_DONT_FAKE_MONOTONIC": "0",
            # Times of files stay, by which Python tells whether its compiled modules are current.
            "NO_FAKE_STAT": "1",
        }


AHEAD: Final = SkewedHost("20 s ahead and 5 % fast", "+20s x1.05")
BEHIND: Final = SkewedHost("40 days behind", "-40d")
FAR_AHEAD: Final = SkewedHost("40 days ahead", "+40d")


def find_libfaketime() -> Path | None:
    """Return the library, or None where it is not installed. Raises ``RuntimeError`` then if it is required."""
    found = next((path for pattern in LIBRARIES for path in sorted(Path("/").glob(pattern))), None)
    if found is None and os.environ.get(REQUIRED):
        raise RuntimeError(f"{REQUIRED} is set. {CLOCKS_NOT_EXERCISED}")
    return found


def remove_leftovers(shared_memory: Path = SHARED_MEMORY) -> None:
    """Remove what libfaketime leaves in memory of processes that a signal ended, if they are gone."""
    for path in (*shared_memory.glob("faketime_shm_*"), *shared_memory.glob("sem.faketime_sem_*")):
        if not Path("/proc", path.name.rpartition("_")[2]).exists():
            path.unlink(missing_ok=True)
