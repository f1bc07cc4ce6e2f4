"""Use cases: bar a user from the service, and let them in again."""

from typing import Final
from uuid import UUID

from doorward.core.ports import Clock, Database
from doorward.domain.auth import repository
from doorward.domain.auth.accounts import Accounts
from doorward.domain.auth.exceptions import UserNotFoundError
from doorward.domain.auth.models import RevocationReason
from doorward.observability.logging import get_logger

FAMILIES_A_BATCH: Final = 1000

logger = get_logger()


class Deactivation:
    """For the operator: an account that was taken over, or whose owner has left."""

    def __init__(self, *, database: Database[repository.Connection], accounts: Accounts, clock: Clock) -> None:
        """Take the database, the finder of accounts, and the time."""
        self._database = database
        self._accounts = accounts
        self._clock = clock

    async def deactivate(self, name: str) -> int:
        """Refuse the user's logins from now on and end their sessions for good; return how many were ended.

        The next request feels it: no token of theirs works any more, access tokens included, and none works again
        after ``activate``. Once more changes nothing. Raises ``UserNotFoundError``, and ``ServiceUnavailableError``:
        what was done until then stays so, and a second call does the rest.
        """
        user = await self._accounts.find_user(name)
        async with self._database.connection() as connection:
            # By itself and first: it waits for logins under way, so that their sessions are among those that end.
            is_there = await repository.update_user_active(connection, user.id, is_active=False)
        count = await self._end_sessions(user.id)
        if not is_there:
            raise UserNotFoundError
        logger.info("auth.user.deactivated", outcome="success", target_user_id=str(user.id), count=count)
        return count

    async def _end_sessions(self, user_id: UUID) -> int:
        """Batch after batch: a robot may have hundreds of thousands."""
        now, after, count = self._clock.now(), UUID(int=0), 0
        while True:
            async with self._database.connection() as connection:
                ended = await repository.update_families_revoked(
                    connection,
                    user_id=user_id,
                    after=after,
                    limit=FAMILIES_A_BATCH,
                    now=now,
                    reason=RevocationReason.DEACTIVATED,
                )
            if not ended:
                return count
            after, count = max(ended), count + len(ended)

    async def activate(self, name: str) -> None:
        """Let the user log in again. Sessions that were ended stay so. Raises ``UserNotFoundError``."""
        user = await self._accounts.find_user(name)
        async with self._database.connection() as connection:
            is_there = await repository.update_user_active(connection, user.id, is_active=True)
        if not is_there:
            raise UserNotFoundError
        logger.info("auth.user.activated", outcome="success", target_user_id=str(user.id))
