"""The store that counts for all processes together: asked without holding up the event loop, and known to be away."""

import asyncio
import math
import time
from typing import Any, Final

import redis.asyncio  # noqa: F401 - limits loads it later, and would call its absence a matter of the URI
from limits import RateLimitItemPerSecond
from limits.aio.strategies import FixedWindowRateLimiter
from limits.errors import ConfigurationError, StorageError
from limits.storage import storage_from_string

from doorward.core.logging import get_logger
from doorward.infrastructure.limit_windows import Limit

PAUSE_SECONDS: Final = 1.0
"""How long a store that did not answer is left alone. Then one call asks it again."""

CALLS_AT_ONCE: Final = 32
"""Calls under way to the store, each on a connection of its own; more wait, within their time."""

logger = get_logger()


class LimitStore:
    """Redis, or what speaks like it. Its faults never reach the caller, and cost each call a bounded time."""

    def __init__(self, uri: str, timeout_seconds: float) -> None:
        """Connect later, with the first call.

        Raises ``ValueError`` for a malformed URI.
        """
        try:
            self._storage: Any = storage_from_string(f"async+{uri}", implementation="redispy", wrap_exceptions=True)
        except ConfigurationError as error:
            raise ValueError(str(error)) from error
        self._strategy = FixedWindowRateLimiter(self._storage)
        self._timeout_seconds = timeout_seconds
        self._turns = asyncio.Semaphore(CALLS_AT_ONCE)
        self._asked_again_at = -math.inf
        self.is_available = True

    async def count(self, limit: Limit, *identifiers: str) -> int | None:
        """Count one call; return 0 when it is within the limit, else the seconds until the next window begins.

        Returns None when the store does not answer in time: then somebody else has to count.
        While the store is away, one call in each pause asks it, and the others return at once.
        """
        now = time.monotonic()
        if not self.is_available:
            if now < self._asked_again_at:
                return None
            self._asked_again_at = now + PAUSE_SECONDS
        seconds = None
        item = RateLimitItemPerSecond(limit.calls, limit.seconds)
        try:
            # Around connecting and waiting for a turn, too. The driver drops a connection that is cancelled in a call.
            async with asyncio.timeout(self._timeout_seconds), self._turns:
                if await self._strategy.hit(item, *identifiers):
                    seconds = 0
                else:
                    # Should the next question fail, the call stays refused, for the whole window.
                    seconds = limit.seconds
                    reset_at, _ = await self._strategy.get_window_stats(item, *identifiers)
                    seconds = max(1, math.ceil(reset_at - time.time()))
        except (StorageError, OSError) as error:
            self._note_fault(error)
        else:
            self._note_answer()
        return seconds

    async def close(self) -> None:
        """Close all connections."""
        await self._storage.bridge.get_connection().aclose()

    def _note_fault(self, error: Exception) -> None:
        self._asked_again_at = time.monotonic() + PAUSE_SECONDS
        if self.is_available:
            self.is_available = False
            cause = error.storage_error if isinstance(error, StorageError) else error
            logger.warning("rate_limit.store_unavailable", error=type(cause).__name__)

    def _note_answer(self) -> None:
        if not self.is_available:
            self.is_available = True
            logger.info("rate_limit.store_recovered")
