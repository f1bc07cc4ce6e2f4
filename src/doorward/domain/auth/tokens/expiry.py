"""Use case: remove expired one-time tokens, nonces and sessions of browsers."""

from datetime import timedelta
from functools import partial
from typing import Final

from doorward.core.batches import remove_in_batches
from doorward.core.ports import Clock, Database
from doorward.domain.auth.repositories import Connection, browser_sessions, one_time_tokens, used_nonces

NONCE_KEPT: Final = timedelta(hours=1)
"""How long a nonce is kept after its token expired: a copy of the service whose clock is late may still accept it."""

ROWS_PER_BATCH: Final = 5000


class TokenExpiry:
    """Removes expired rows, to keep the tables small. Expired tokens are refused even before they are removed."""

    def __init__(self, *, database: Database[Connection], clock: Clock, rows_per_batch: int = ROWS_PER_BATCH) -> None:
        self._database = database
        self._clock = clock
        self._rows_per_batch = rows_per_batch

    async def prune(self) -> int:
        """Remove expired rows of the tables in batches; return how many.

        Raises ``ServiceUnavailableError``; the batches before it stay removed.
        """
        now = self._clock.now()
        return await remove_in_batches(
            self._database,
            partial(one_time_tokens.remove_expired_tokens, now=now),
            partial(used_nonces.remove_expired_nonces, now=now - NONCE_KEPT),
            partial(browser_sessions.remove_expired_browser_sessions, now=now),
            limit=self._rows_per_batch,
        )
