"""Use case: end every session of everybody."""

from typing import Final
from uuid import UUID

from doorward.core.ports import Clock, Database
from doorward.domain.auth import repository
from doorward.domain.auth.models import RevocationReason
from doorward.observability.logging import get_logger

FAMILIES_A_BATCH: Final = 1000

logger = get_logger()


class MassRevocation:
    """For the operator, after a restore or a leak."""

    def __init__(self, *, database: Database[repository.Connection], clock: Clock) -> None:
        """Take the database and the time."""
        self._database = database
        self._clock = clock

    async def revoke_all(self) -> int:
        """End every session that began before the call; return how many were ended.

        All their tokens are refused from then on, access tokens included. Batch after batch is committed, so the
        service goes on meanwhile. Raises ``ServiceUnavailableError``; what was ended until then stays so, and a
        second call does the rest.
        """
        now, after, count = self._clock.now(), UUID(int=0), 0
        while True:
            async with self._database.connection() as connection:
                ended = await repository.update_families_revoked(
                    connection, after=after, limit=FAMILIES_A_BATCH, now=now, reason=RevocationReason.OPERATOR
                )
            if not ended:
                break
            after, count = max(ended), count + len(ended)
        logger.warning(
            "auth.session.all_revoked", outcome="success", count=count, reason=RevocationReason.OPERATOR.value
        )
        return count
