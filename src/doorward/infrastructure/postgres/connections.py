"""One connection to PostgreSQL: a failed attempt leaves no socket open, and a frozen server is abandoned."""

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
from doorward.infrastructure.postgres.session_settings import enforce_settings
from doorward.infrastructure.postgres.timeouts import TIMEOUTS

UNREAD_SECONDS: Final = 0.5
"""Seconds until the timeout is checked again when an answer has arrived but was not read yet."""


class PromptlyClosedConnection(AsyncConnection[Any]):
    """A connection with the service's session settings. A failed attempt to connect leaves no socket open."""

    made_at: float = 0
    """When the attempt to connect began, in seconds of the monotonic clock."""

    was_read_only: bool = False
    """Whether the server refused writes when the connection was made."""

    @classmethod
    async def connect(cls, *arguments: Any, **options: Any) -> Self:  # noqa: ANN401 - the driver's options
        """Connect as the driver does; call the option ``on_outcome`` with the error, or with None after success.

        The option ``settings_seconds`` is the timeout for the comparison of the session's settings.

        Raises ``psycopg.Error``: ``UnsuitableDatabaseError`` if the session's settings are wrong.
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
            # The driver's frames and its error form a reference cycle that holds the socket of a timed-out attempt.
            # Without this it stays open until the garbage collection, and a server that recovers still serves it.
            traceback.clear_frames(error.__traceback__)
            raise
        note(None)
        return connection

    def cursor(self, *arguments: Any, binary: bool = True, **options: Any) -> Any:  # noqa: ANN401 - the driver's options
        """Return the driver's cursor, with results in binary format by default.

        The session's settings for text output do not change how binary values are read.
        """
        return super().cursor(*arguments, binary=binary, **options)


async def _prepare_session(connection: AsyncConnection[Any], settings_seconds: float, *, is_autocommit: bool) -> bool:
    """Set up the session, and return whether it refuses writes."""
    try:
        with aborted_when_frozen(connection, settings_seconds):
            is_read_only = await enforce_settings(connection)
        # The driver writes the isolation level into each BEGIN.
        await connection.set_isolation_level(IsolationLevel.READ_COMMITTED)
        await connection.set_autocommit(is_autocommit)
    except BaseException:
        await connection.close()
        raise
    return is_read_only


@contextmanager
def aborted_when_frozen(connection: AsyncConnection[Any], seconds: float) -> Iterator[None]:
    """Shut down the socket when the block exceeds ``seconds``, so that the waiting driver fails at once.

    Raises ``UnansweredError`` then. Cancelling the task instead would make the driver send a cancel request to the
    frozen server, and wait for it.
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
            # The server has answered, but this process is too busy to read the answer: the server is not frozen.
            self._timer = self._loop.call_later(UNREAD_SECONDS, self._cut)
            return
        self.has_cut = True
        with socket.socket(fileno=os.dup(self._connection.fileno())) as duplicate:
            duplicate.shutdown(socket.SHUT_RDWR)


def is_readable(connection: AsyncConnection[Any]) -> bool:
    """Return whether the server has sent data or closed the connection: one poll, no round trip."""
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))
