"""Simulates processes on hosts with skewed clocks, with libfaketime (Debian: `apt-get install faketime`)."""

import os
from pathlib import Path
from typing import Final, NamedTuple

LIBRARIES: Final = ("usr/lib/*/faketime/libfaketime.so.1", "usr/lib*/faketime/libfaketime.so.1")
SHARED_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - Linux's shared memory, not a folder of temporary files
REQUIRED: Final = "DOORWARD_REQUIRE_LIBFAKETIME"
"""The environment variable that makes the absence of libfaketime a failure."""

CLOCKS_NOT_EXERCISED: Final = (
    "Clocks apart were NOT exercised: no libfaketime. With it (apt-get install faketime), run again"
)


class SkewedHost(NamedTuple):
    """A clock in libfaketime's notation: an offset, and optionally a rate.

    Both also apply to timers: Debian's libfaketime 0.9.10 fails every `time.sleep` when it fakes only the time of day.
    A constant offset has no effect on timers.
    """

    name: str
    offset: str

    def environment(self, library: Path) -> dict[str, str]:
        """Return the environment variables of a process on the host."""
        return {
            "LD_PRELOAD": str(library),
            "FAKETIME": self.offset,
            "FAKETIME_DONT_FAKE_MONOTONIC": "0",
            # Keep the timestamps of files, by which Python checks whether its compiled modules are current.
            "NO_FAKE_STAT": "1",
        }


AHEAD: Final = SkewedHost("20 s ahead and 5 % fast", "+20s x1.05")
BEHIND: Final = SkewedHost("40 days behind", "-40d")
FAR_AHEAD: Final = SkewedHost("40 days ahead", "+40d")


def find_libfaketime() -> Path | None:
    """Return the library, or None if it is not installed. Raises ``RuntimeError`` if it is missing and required."""
    found = next((path for pattern in LIBRARIES for path in sorted(Path("/").glob(pattern))), None)
    if found is None and os.environ.get(REQUIRED):
        raise RuntimeError(f"{REQUIRED} is set. {CLOCKS_NOT_EXERCISED}")
    return found


def remove_leftovers(shared_memory: Path = SHARED_MEMORY) -> None:
    """Remove the shared memory that libfaketime leaves for processes that were killed and are gone."""
    for path in (*shared_memory.glob("faketime_shm_*"), *shared_memory.glob("sem.faketime_sem_*")):
        if not Path("/proc", path.name.rpartition("_")[2]).exists():
            path.unlink(missing_ok=True)
