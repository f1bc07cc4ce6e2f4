"""Use case: end every session of every user."""

from typing import Final
from uuid import UUID

from doorward.core.ports import Clock, Database
from doorward.domain.audit.recording import record
from doorward.domain.auth.events import SessionAllEnded
from doorward.domain.auth.models import EndReason
from doorward.domain.auth.repositories import Connection, browser_sessions, sessions
from doorward.observability.logging import report

SESSIONS_A_BATCH: Final = 1000


class SessionEnding:
    """Ends all sessions for the operator, after a restore or a leak."""

    def __init__(self, *, database: Database[Connection], clock: Clock, batch_size: int = SESSIONS_A_BATCH) -> None:
        self._database = database
        self._clock = clock
        self._batch_size = batch_size

    async def end_all(self) -> int:
        """End every session that began before the call, including those of browsers; return how many were ended.

        All their tokens are refused after that, including access tokens. Each batch is a transaction of its own, so
        that the service continues to run; the event is recorded after the last batch. Raises
        ``ServiceUnavailableError``: the batches before it stay ended, and a second call ends the rest.
        """
        now, after, count = self._clock.now(), UUID(int=0), 0
        while True:
            async with self._database.transaction() as connection:
                ended = await sessions.end_sessions(
                    connection, after=after, limit=self._batch_size, now=now, reason=EndReason.OPERATOR
                )
                event = SessionAllEnded(user_id=None, reason=EndReason.OPERATOR, count=count)
                if not ended:
                    await browser_sessions.remove_browser_sessions(connection)
                    await record(connection, event)
            if not ended:
                report(event)
                return count
            after, count = max(ended), count + len(ended)
