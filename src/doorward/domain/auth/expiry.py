"""Use case: remove one-time tokens, nonces and sessions of browsers that have expired."""

import asyncio
from datetime import timedelta
from typing import Final

from doorward.core.ports import Clock, Database
from doorward.domain.auth.repositories import Connection, browser_sessions, one_time_tokens, used_nonces

NONCE_KEPT: Final = timedelta(hours=1)
"""How long after the end of its token: a copy of the service whose clock is behind may still accept that."""

ROWS_A_BATCH: Final = 5000
PAUSE_SECONDS: Final = 0.01
"""Between two batches, for the calls that they delay."""


class TokenExpiry:
    """Keeps the tables of tokens as large as what can still be used. Expired tokens are refused with or without it."""

    def __init__(self, *, database: Database[Connection], clock: Clock, rows_a_batch: int = ROWS_A_BATCH) -> None:
        """Take the database, the time, and how many rows a transaction removes at most."""
        self._database = database
        self._clock = clock
        self._rows_a_batch = rows_a_batch

    async def prune(self) -> int:
        """Remove expired rows of the tables in batches; return how many.

        Raises ``ServiceUnavailableError``; what was removed until then stays so.
        """
        return await self._prune_tokens() + await self._prune_nonces() + await self._prune_browser_sessions()

    async def _prune_tokens(self) -> int:
        now, limit = self._clock.now(), self._rows_a_batch
        total, removed = 0, limit
        while removed == limit:
            async with self._database.connection() as connection:
                removed = await one_time_tokens.remove_expired_tokens(connection, now=now, limit=limit)
            total += removed
            await asyncio.sleep(PAUSE_SECONDS)
        return total

    async def _prune_nonces(self) -> int:
        expired_before, limit = self._clock.now() - NONCE_KEPT, self._rows_a_batch
        total, removed = 0, limit
        while removed == limit:
            async with self._database.connection() as connection:
                removed = await used_nonces.remove_expired_nonces(connection, now=expired_before, limit=limit)
            total += removed
            await asyncio.sleep(PAUSE_SECONDS)
        return total

    async def _prune_browser_sessions(self) -> int:
        now, limit = self._clock.now(), self._rows_a_batch
        total, removed = 0, limit
        while removed == limit:
            async with self._database.connection() as connection:
                removed = await browser_sessions.remove_expired_browser_sessions(connection, now=now, limit=limit)
            total += removed
            await asyncio.sleep(PAUSE_SECONDS)
        return total
