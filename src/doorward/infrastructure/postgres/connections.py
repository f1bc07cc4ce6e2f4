"""One connection to PostgreSQL: made without leftovers, and left when the server stands still."""

import asyncio
import os
import select
import socket
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, Self

import psycopg
from psycopg import AsyncConnection, IsolationLevel

from doorward.infrastructure.postgres.circuit_breaker import UnansweredError
from doorward.infrastructure.postgres.session_settings import hold_settings
from doorward.infrastructure.postgres.timeouts import TIMEOUTS

UNREAD_SECONDS: Final = 0.5
"""How long an answer that has arrived may stay unread, before the question is asked again."""


class PromptlyClosedConnection(AsyncConnection[Any]):
    """A connection with the service's session settings, whose attempt, when it fails, leaves nothing open."""

    made_at: float = 0
    """In seconds of the monotonic clock: when the attempt began."""

    was_read_only: bool = False
    """Whether its server refused writes when it was made."""

    @classmethod
    async def connect(cls, *arguments: Any, **options: Any) -> Self:  # noqa: ANN401 - the driver's own, passed on
        """Connect as the driver does; tell the option ``on_outcome`` the error, or None.

        The option ``settings_seconds`` is how long the comparison of the session's settings may take.

        Raises ``psycopg.Error``, of which ``UnsuitableDatabaseError`` says that the session's settings are wrong.
        """
        note: Callable[[psycopg.Error | None], object] = options.pop("on_outcome", bool)
        is_autocommit = options.pop("autocommit", False)
        settings_seconds: float = options.pop("settings_seconds", TIMEOUTS.settings)
        made_at = time.monotonic()
        try:
            connection = await super().connect(*arguments, autocommit=True, **options)
            connection.made_at = made_at
            connection.was_read_only = await _prepare_session(connection, settings_seconds, is_autocommit=is_autocommit)
        except psycopg.Error as error:
            note(error)
            # The driver's frames and its error hold each other, and with them the socket of an attempt that timed out.
            # Without this it stays open until the garbage collector comes, and a server that thaws serves it.
            traceback.clear_frames(error.__traceback__)
            raise
        note(None)
        return connection

    def cursor(self, *arguments: Any, binary: bool = True, **options: Any) -> Any:  # noqa: ANN401 - the driver's own, passed on
        """Return the driver's cursor, with results in binary form unless told otherwise.

        Binary values are read the same way whatever the session's settings say about how text is written.
        """
        return super().cursor(*arguments, binary=binary, **options)


async def _prepare_session(connection: AsyncConnection[Any], settings_seconds: float, *, is_autocommit: bool) -> bool:
    """Return whether the session refuses writes."""
    try:
        with aborted_when_frozen(connection, settings_seconds):
            is_read_only = await hold_settings(connection)
        # Written into each BEGIN.
        await connection.set_isolation_level(IsolationLevel.READ_COMMITTED)
        await connection.set_autocommit(is_autocommit)
    except BaseException:
        await connection.close()
        raise
    return is_read_only


@contextmanager
def aborted_when_frozen(connection: AsyncConnection[Any], seconds: float) -> Iterator[None]:
    """Cut the socket when the block lasts too long, which wakes the waiting driver with an error at once.

    Cancelling the task instead would have the driver ask the frozen server to cancel, and wait for that.
    """
    watch = _Watch(connection, seconds)
    try:
        yield
    except psycopg.OperationalError as error:
        if watch.has_cut:
            raise UnansweredError("no answer in time") from error
        raise
    finally:
        watch.end()


class _Watch:
    """The timer of one use of a connection."""

    def __init__(self, connection: AsyncConnection[Any], seconds: float) -> None:
        self.has_cut = False
        self._connection = connection
        self._loop = asyncio.get_running_loop()
        self._timer = self._loop.call_later(seconds, self._cut)

    def end(self) -> None:
        self._timer.cancel()

    def _cut(self) -> None:
        if self._connection.closed:
            return
        if is_readable(self._connection):
            # The server has answered, and this process is behind: a machine with too much to do is no frozen server.
            self._timer = self._loop.call_later(UNREAD_SECONDS, self._cut)
            return
        self.has_cut = True
        with socket.socket(fileno=os.dup(self._connection.fileno())) as duplicate:
            duplicate.shutdown(socket.SHUT_RDWR)


def is_readable(connection: AsyncConnection[Any]) -> bool:
    """Tell whether the server has sent something, or closed the connection: one poll, no round trip."""
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))
