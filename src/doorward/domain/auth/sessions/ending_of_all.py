"""Use case: end every session of every user."""

from typing import Final
from uuid import UUID

from doorward.core.ports import Clock, Database
from doorward.domain.audit.recording import record
from doorward.domain.auth.events import SessionAllEnded
from doorward.domain.auth.models import EndReason
from doorward.domain.auth.repositories import Connection, ends_of_all
from doorward.observability.logging import report

ROWS_A_BATCH: Final = 1000
FIRST: Final = UUID(int=0)


class SessionEnding:
    """Ends all sessions for the operator, after a restore or a leak."""

    def __init__(self, *, database: Database[Connection], clock: Clock, batch_size: int = ROWS_A_BATCH) -> None:
        self._database = database
        self._clock = clock
        self._batch_size = batch_size

    async def end_all(self) -> int:
        """End every session that began before the call, including those of browsers; return how many were ended.

        All their tokens are refused after that, including access tokens, and nothing that they prepared begins another
        session: the epoch of every user changes, so that codes, approved devices, logins in progress, remembered
        devices, and the sessions that began meanwhile end, too. Browsers' sessions are not counted.

        Each batch is a transaction of its own, so that the service continues to run; the event is recorded together
        with the last one. Raises ``ServiceUnavailableError``: the batches before it stay ended, and a second call ends
        the rest.
        """
        count = await self._end_sessions()
        event = SessionAllEnded(user_id=None, reason=EndReason.OPERATOR, count=count)
        await self._end_epochs(event)
        report(event)
        return count

    async def _end_sessions(self) -> int:
        """End sessions one by one, so that they are counted and applications are notified of each."""
        now, after, count = self._clock.now(), FIRST, 0
        while True:
            async with self._database.transaction() as connection:
                ended = await ends_of_all.end_sessions(
                    connection, after=after, limit=self._batch_size, now=now, reason=EndReason.OPERATOR
                )
            if not ended:
                return count
            after, count = max(ended), count + len(ended)

    async def _end_epochs(self, event: SessionAllEnded) -> None:
        """End the epoch of each user, and record the event together with the last ones."""
        after = FIRST
        while True:
            async with self._database.transaction() as connection:
                changed = await ends_of_all.end_epochs(connection, after=after, limit=self._batch_size)
                if not changed:
                    await record(connection, event)
            if not changed:
                return
            after = max(changed)
