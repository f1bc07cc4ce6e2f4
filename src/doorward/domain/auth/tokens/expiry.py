"""Use case: remove one-time tokens, nonces and sessions of browsers that have expired."""

from datetime import timedelta
from functools import partial
from typing import Final

from doorward.core.batches import remove_in_batches
from doorward.core.ports import Clock, Database
from doorward.domain.auth.repositories import Connection, browser_sessions, one_time_tokens, used_nonces

NONCE_KEPT: Final = timedelta(hours=1)
"""How long after the end of its token: a copy of the service whose clock is behind may still accept that."""

ROWS_A_BATCH: Final = 5000


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
        now = self._clock.now()
        return await remove_in_batches(
            self._database,
            partial(one_time_tokens.remove_expired_tokens, now=now),
            partial(used_nonces.remove_expired_nonces, now=now - NONCE_KEPT),
            partial(browser_sessions.remove_expired_browser_sessions, now=now),
            limit=self._rows_a_batch,
        )
