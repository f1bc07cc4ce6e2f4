"""Who is asking, for all requests of one turn of the event loop at once: one query instead of one a request.

Nothing is kept: each lookup is answered by a query that begins after it was asked for.
"""

import asyncio
from contextvars import Context
from typing import Final, NamedTuple

from doorward.core.exceptions import ServiceUnavailableError
from doorward.core.logging import get_logger
from doorward.core.ports import Clock, Database
from doorward.core.principal import Principal
from doorward.domain.auth import repository
from doorward.domain.auth.models import SessionUser

MAXIMUM_QUERIES: Final = 2
"""Under way at a time. What is asked for meanwhile goes with the next one."""

MAXIMUM_LOOKUPS: Final = 200
"""Of one query."""

MAXIMUM_WAITING: Final = 2000
"""Lookups whose query has not begun."""

WAIT_SECONDS: Final = 1.0
"""How long a lookup may wait for its query to begin: the database stands still when those before it take longer."""

logger = get_logger()


class _Lookup(NamedTuple):
    principal: Principal
    user: asyncio.Future[SessionUser | None]
    end_of_wait: asyncio.TimerHandle

    def answer(self, found: SessionUser | None) -> None:
        """Tell who waits, unless he has gone away. A session of somebody else is none."""
        if not self.user.done():
            self.user.set_result(found if found and found.id == self.principal.user_id else None)


class SessionLookups:
    """Finds the users of live sessions."""

    def __init__(self, *, database: Database[repository.Connection], clock: Clock) -> None:
        """Take where sessions are kept, and the time."""
        self._database = database
        self._clock = clock
        self._waiting: list[_Lookup] = []
        self._queries: set[asyncio.Task[None]] = set()
        self._is_query_about_to_begin = False

    async def find(self, principal: Principal) -> SessionUser | None:
        """Return the user whom an access token speaks of, if the session is live and the user active.

        Raises ``ServiceUnavailableError``.
        """
        try:
            return await self._answer_to(principal)
        except ServiceUnavailableError:
            # In the request's own context, which the query's lines are not.
            logger.warning("auth.session.lookup_failed", outcome="failure")
            raise

    async def _answer_to(self, principal: Principal) -> SessionUser | None:
        if len(self._waiting) >= MAXIMUM_WAITING:
            raise ServiceUnavailableError
        loop = asyncio.get_running_loop()
        user: asyncio.Future[SessionUser | None] = loop.create_future()
        end_of_wait = loop.call_later(WAIT_SECONDS, _refuse, user, ServiceUnavailableError())
        self._waiting.append(_Lookup(principal, user, end_of_wait))
        self._begin_query()
        return await user

    def _begin_query(self) -> None:
        """Have a task take what waits, in the loop's next turn: until then, all of this turn can join."""
        if self._waiting and not self._is_query_about_to_begin and len(self._queries) < MAXIMUM_QUERIES:
            self._is_query_about_to_begin = True
            # In no request's context: the lines and spans of a query that many wait for are nobody's own.
            query = asyncio.create_task(self._query(), context=Context())
            self._queries.add(query)
            query.add_done_callback(self._end_query, context=Context())

    def _end_query(self, query: asyncio.Task[None]) -> None:
        self._queries.discard(query)
        self._is_query_about_to_begin = False
        self._begin_query()

    async def _query(self) -> None:
        self._is_query_about_to_begin = False
        lookups = self._next_lookups()
        if not lookups:
            return
        try:
            async with self._database.connection() as connection:
                users = await repository.list_session_users(
                    connection, {lookup.principal.session_id for lookup in lookups}, now=self._clock.now()
                )
            user_of_session = {user.session_id: user for user in users}
            for lookup in lookups:
                lookup.answer(user_of_session.get(lookup.principal.session_id))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is for those who wait
            for lookup in lookups:
                _refuse(lookup.user, error)
        finally:
            for lookup in lookups:
                lookup.user.cancel()

    def _next_lookups(self) -> list[_Lookup]:
        """Take the oldest of those that still wait."""
        waiting = [lookup for lookup in self._waiting if not lookup.user.done()]
        taken, self._waiting = waiting[:MAXIMUM_LOOKUPS], waiting[MAXIMUM_LOOKUPS:]
        for lookup in taken:
            lookup.end_of_wait.cancel()
        return taken


def _refuse(user: asyncio.Future[SessionUser | None], error: Exception) -> None:
    if not user.done():
        user.set_exception(error)
