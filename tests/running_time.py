"""A clock for bounds that are about the service: it stops while the machine or this process does."""

import os
import sys
import threading
import time
from types import TracebackType
from typing import Final, Self

LOWEST_PRIORITY: Final = 19
STEP_SECONDS: Final = 0.01
LONGEST_STEP_SECONDS: Final = 0.02
"""A longer step was not caused by the service: the whole process did not run."""


class RunningTime:
    """Counts seconds, except those in which a thread that only sleeps was not woken.

    With the lowest priority, which password hashes have, it also counts only while those can run.
    """

    def __init__(self, *, lowest_priority: bool = False) -> None:
        self._lowest_priority = lowest_priority
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._seconds = 0.0
        self._stepped = time.monotonic()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def now(self) -> float:
        """Return the reading; only differences are meaningful."""
        with self._lock:
            return self._seconds + self._since_step(time.monotonic())

    def _run(self) -> None:
        # Only on Linux do the service's hashes have their own priority.
        if self._lowest_priority and sys.platform == "linux":
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), LOWEST_PRIORITY)
        while not self._ended.wait(STEP_SECONDS):
            with self._lock:
                present = time.monotonic()
                self._seconds += self._since_step(present)
                self._stepped = present

    def _since_step(self, present: float) -> float:
        return min(present - self._stepped, LONGEST_STEP_SECONDS)
