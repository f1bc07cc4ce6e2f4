"""The shared store of rate limits: used without blocking the event loop, and bypassed while it is unavailable."""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import redis.asyncio  # noqa: F401 - limits imports it later, and would report a missing package as an invalid URI
from limits import RateLimitItemPerSecond
from limits.aio.strategies import FixedWindowRateLimiter
from limits.errors import ConfigurationError, StorageError
from limits.storage import storage_from_string

from doorward.infrastructure.limits.windows import Limit
from doorward.observability.events import RateLimitStoreRecovered, RateLimitStoreUnavailable
from doorward.observability.logging import report

PAUSE_SECONDS: Final = 1.0
"""How long an unavailable store is bypassed, before one call tries it again."""

MAXIMUM_CONCURRENT_CALLS: Final = 32
"""Maximum concurrent calls to the store, each on its own connection; more calls wait, within their timeout."""

TIMEOUT_STEPS: Final = 20
"""Steps in which the timeout of a call is counted: more event loop iterations than connecting and querying need."""


class LimitStore:
    """Redis or a compatible server. Its faults are never raised to the caller. They delay a call by a bounded time."""

    def __init__(self, uri: str, timeout_seconds: float, *, pause_seconds: float = PAUSE_SECONDS) -> None:
        """Prepare to connect in the first call. A store that did not answer is bypassed for ``pause_seconds``.

        Raises ``ValueError`` for a malformed URI.
        """
        try:
            self._storage: Any = storage_from_string(f"async+{uri}", implementation="redispy", wrap_exceptions=True)
        except ConfigurationError as error:
            raise ValueError(str(error)) from error
        self._strategy = FixedWindowRateLimiter(self._storage)
        self._timeout_seconds = timeout_seconds
        self._pause_seconds = pause_seconds
        self._turns = asyncio.Semaphore(MAXIMUM_CONCURRENT_CALLS)
        self._asked_again_at = -math.inf
        self.is_available = True

    async def count(self, call: str, counted: Sequence[tuple[Limit, str]]) -> int | None:
        """Count one call for each limit and key until one refuses it.

        Return 0 when all allow it, else the seconds until the next window of the one that refused. Return None when
        the store does not answer in time: the process then counts by itself. While the store is unavailable, one call
        in each pause tries it, and the others return at once.
        """
        now = time.monotonic()
        if not self.is_available:
            if now < self._asked_again_at:
                return None
            self._asked_again_at = now + self._pause_seconds
        seconds: int | None = None
        try:
            # Includes connecting and the wait for a turn. The driver closes the connection of a cancelled call.
            async with timeout_ignoring_loop_delay(self._timeout_seconds), self._turns:
                for limit, key in counted:
                    item = RateLimitItemPerSecond(limit.calls, limit.seconds)
                    if await self._strategy.hit(item, key, call):
                        continue
                    # If the next query fails, the call stays refused, for a whole window.
                    seconds = limit.seconds
                    reset_at, _ = await self._strategy.get_window_stats(item, key, call)
                    seconds = max(1, math.ceil(reset_at - time.time()))
                    break
                else:
                    seconds = 0
        except (StorageError, OSError) as error:
            self._note_fault(error)
        else:
            self._note_answer()
        return seconds

    async def close(self) -> None:
        """Close all connections."""
        await self._storage.bridge.get_connection().aclose()

    def _note_fault(self, error: Exception) -> None:
        self._asked_again_at = time.monotonic() + self._pause_seconds
        if self.is_available:
            self.is_available = False
            cause = error.storage_error if isinstance(error, StorageError) else error
            report(RateLimitStoreUnavailable(error=type(cause).__name__))

    def _note_answer(self) -> None:
        if not self.is_available:
            self.is_available = True
            report(RateLimitStoreRecovered())


@asynccontextmanager
async def timeout_ignoring_loop_delay(seconds: float) -> AsyncIterator[None]:
    """Raise ``TimeoutError`` in the block after ``seconds``, without the time by which the event loop is late.

    The time is counted in steps. A step that ends late, because the loop was busy, counts as one step, so that an
    answer that arrived meanwhile can still be read. The block may last longer by as much as the loop was late.
    """
    async with asyncio.timeout(None) as timeout:

        async def count_steps() -> None:
            for _ in range(TIMEOUT_STEPS):
                await asyncio.sleep(seconds / TIMEOUT_STEPS)
            timeout.reschedule(asyncio.get_running_loop().time())

        steps = asyncio.create_task(count_steps())
        try:
            yield
        finally:
            steps.cancel()
