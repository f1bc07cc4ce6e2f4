"""Use case: list the sessions of a user."""

from collections.abc import Sequence
from typing import Final

from doorward.core.ports import Clock, Database
from doorward.domain.auth.models import Caller, ListedSession
from doorward.domain.auth.repositories import Connection, own_sessions

MOST_LISTED: Final = 250
"""Sessions in one list. Of an account with more, those used last."""


class SessionListing:
    """Shows users where they are signed in."""

    def __init__(self, *, database: Database[Connection], clock: Clock) -> None:
        """Take the database and the time."""
        self._database = database
        self._clock = clock

    async def list(self, caller: Caller) -> Sequence[ListedSession]:
        """Return the caller's live sessions: the current one first, then by their last use."""
        async with self._database.connection() as connection:
            return await own_sessions.list_sessions_of_user(
                connection, caller.user.id, current_id=caller.session_id, now=self._clock.now(), limit=MOST_LISTED
            )
