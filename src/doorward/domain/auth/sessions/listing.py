"""Use case: list the sessions of a user."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from doorward.core.ports import Clock, Database
from doorward.domain.auth.callers import Caller
from doorward.domain.auth.models import ListedSession
from doorward.domain.auth.repositories import Connection, browser_sessions, own_sessions
from doorward.domain.auth.sessions.browser_session import ListedBrowser

MAXIMUM_LISTED_SESSIONS: Final = 250
"""Maximum number of sessions in one list: the most recently used ones."""


class SessionListing:
    """Lists the live sessions of users."""

    def __init__(self, *, database: Database[Connection], clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def list(self, caller: Caller) -> Sequence[ListedSession]:
        """Return the caller's live sessions: the current one first, then by their last use."""
        return await self._list(caller.user.id, caller.session_id)

    async def list_browsers(self, caller: Caller) -> Sequence[ListedBrowser]:
        """Return the live sessions of browsers on the service's pages: the current one first, then by last use."""
        return await self._list_browsers(caller.user.id, caller.session_id)

    async def list_browsers_of(self, user_id: UUID) -> Sequence[ListedBrowser]:
        """Return the live sessions of any user's browsers by their last use. The caller checks the permission."""
        return await self._list_browsers(user_id, None)

    async def list_of(self, user_id: UUID) -> Sequence[ListedSession]:
        """Return the live sessions of any user by their last use. The caller checks the permission."""
        return await self._list(user_id, None)

    async def _list_browsers(self, user_id: UUID, current_id: UUID | None) -> Sequence[ListedBrowser]:
        async with self._database.connection() as connection:
            return await browser_sessions.list_browser_sessions_of_user(
                connection, user_id, current_id=current_id, now=self._clock.now()
            )

    async def _list(self, user_id: UUID, current_id: UUID | None) -> Sequence[ListedSession]:
        async with self._database.connection() as connection:
            return await own_sessions.list_sessions_of_user(
                connection, user_id, current_id=current_id, now=self._clock.now(), limit=MAXIMUM_LISTED_SESSIONS
            )
