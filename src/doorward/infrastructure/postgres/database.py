"""The connection pool, the setup of each connection, and the translation of the driver's errors."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from datetime import datetime, timedelta
from typing import Any, Final

import psycopg
from psycopg import AsyncConnection, AsyncCursor
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from doorward.core.exceptions import ServiceUnavailableError
from doorward.core.ports import PoolLoad
from doorward.infrastructure.clock import HostClock
from doorward.infrastructure.postgres.circuit_breaker import DatabaseBreaker, UnansweredError
from doorward.infrastructure.postgres.connections import PromptlyClosedConnection, aborted_when_frozen, is_readable
from doorward.infrastructure.postgres.database_clock import DatabaseClock
from doorward.infrastructure.postgres.session_settings import UnsuitableDatabaseError, startup_options
from doorward.infrastructure.postgres.timeouts import TIMEOUTS, Timeouts
from doorward.infrastructure.postgres.write_watch import WriteWatch
from doorward.observability.database_events import (
    DatabaseBulkPlacesTaken,
    DatabaseSchemaMissing,
    DatabaseUnavailable,
    DatabaseUnsuitable,
)
from doorward.observability.logging import report
from doorward.settings.database import DatabaseSettings

SCHEMA_VERSION: Final = "0020"
"""The newest migration that this code needs. Older code runs on a newer schema."""

POOL_MAXIMUM_WAITING: Final = 500
NO_PREPARED_STATEMENTS: Final = None
"""psycopg's value to prepare no statements. Its value 0 would prepare each one at once."""

ANSWER_SECONDS: Final = 0.5
"""Seconds from the deadline of statements to the abort: time for the answer, and for the error of the clock."""

BULK_SECONDS: Final = 60
"""Default maximum duration of a bulk transaction, and of each statement in it."""

MAXIMUM_BULK_TRANSACTIONS: Final = 2
"""Maximum concurrent bulk transactions of one process: the pool's other connections stay free for short requests."""

_CONNECTION_PARAMETERS: Final = {
    "application_name": "doorward",
    "keepalives_idle": "30",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "5000",
}


def connection_string(settings: DatabaseSettings) -> str:
    """Return libpq's connection string. Raises ``psycopg.ProgrammingError`` for a malformed URL."""
    if settings.database_url is not None:
        return make_conninfo(settings.database_url.get_secret_value())
    password = settings.postgres_password
    return make_conninfo(
        host=settings.postgres_host,
        port=settings.postgres_port,
        dbname=settings.postgres_db,
        user=settings.postgres_user,
        password=password.get_secret_value() if password else None,
    )


def is_current(version: str | None) -> bool:
    """Return whether a database at this version has all migrations that the code needs."""
    return version is not None and version.isdecimal() and version >= SCHEMA_VERSION


def session_conninfo(settings: DatabaseSettings, timeouts: Timeouts = TIMEOUTS) -> str:
    """Return the connection string of the service's sessions. Raises ``psycopg.ProgrammingError``."""
    return with_session_options(connection_string(settings), settings.db_schema, timeouts)


def with_session_options(conninfo: str, schema: str = "public", timeouts: Timeouts = TIMEOUTS) -> str:
    """Add default parameters, which the URL may override, and the session's settings, which it may not."""
    given = conninfo_to_dict(conninfo)
    options = f"{given.get('options', '')} {startup_options(schema, timeouts)}".strip()
    defaults = {**_CONNECTION_PARAMETERS, "connect_timeout": timeouts.connect}
    parameters: dict[str, Any] = {**defaults, **given, "options": options, "client_encoding": "UTF8"}
    return make_conninfo(**parameters)


class PostgresDatabase:
    """The domains' ``Database``: a bounded pool that reconnects when PostgreSQL is available again."""

    def __init__(
        self,
        settings: DatabaseSettings,
        *,
        timeouts: Timeouts = TIMEOUTS,
        bulk_seconds: int = BULK_SECONDS,
        cursor_factory: type[AsyncCursor[Any]] = AsyncCursor,
        host: HostClock | None = None,
        shares_state_with: "PostgresDatabase | None" = None,
    ) -> None:
        """Prepare the pool; ``open`` starts it.

        ``bulk_seconds`` limits a bulk transaction; ``cursor_factory`` makes the cursors; ``host`` has this machine's
        clocks; ``shares_state_with`` is another pool to the same server, whose breaker and write watch this one uses.
        """
        self.clock = DatabaseClock(host or HostClock())
        self.timeouts, self._bulk_seconds = timeouts, bulk_seconds
        self._pool: AsyncConnectionPool[PromptlyClosedConnection] = AsyncConnectionPool(
            session_conninfo(settings, timeouts),
            connection_class=PromptlyClosedConnection,
            min_size=settings.db_pool_min_conn,
            max_size=settings.db_pool_max_conn,
            timeout=timeouts.pool_wait,
            max_waiting=POOL_MAXIMUM_WAITING,
            reconnect_timeout=timeouts.reconnect,
            kwargs={
                "autocommit": True,
                "cursor_factory": cursor_factory,
                "on_outcome": self._note_outcome,
                "settings_seconds": timeouts.settings,
                "prepare_threshold": settings.db_prepare_threshold or NO_PREPARED_STATEMENTS,
            },
            configure=self._begin_with,
            check=self._check_still_connected,
            open=False,
        )
        self.bulk_slots = min(MAXIMUM_BULK_TRANSACTIONS, max(1, settings.db_pool_max_conn - 1))
        self.breaker: DatabaseBreaker = shares_state_with.breaker if shares_state_with else DatabaseBreaker()
        self.writes: WriteWatch = shares_state_with.writes if shares_state_with else WriteWatch()
        self._bulk_slots_taken, self._is_reachable = 0, True

    async def open(self) -> None:
        """Start connecting in the background."""
        self.writes.on_switchover(self.replace_connections)
        await self._pool.open(wait=False)

    async def close(self) -> None:
        """Close all connections."""
        await self._pool.close()

    async def replace_connections(self) -> None:
        """Replace the existing connections by new ones, each when it becomes idle."""
        await self._pool.drain()

    async def measure_clock(self) -> None:
        """Compare PostgreSQL's clock with this host's, on a connection of the pool.

        This also detects that the server has begun to refuse writes, even if no call writes and no probe runs.
        """
        async with self._checked_out(self.timeouts.abort, may_probe=False) as connection:
            await self.clock.measure(connection)
            # Like the clock's own statement, this one belongs to no call and must not be traced: hence a plain cursor.
            cursor = AsyncCursor(connection)
            await cursor.execute("SELECT current_setting('transaction_read_only') = 'on'")
            if await cursor.fetchone() == (True,):
                await self.close_read_only_connection(connection)

    async def _begin_with(self, connection: PromptlyClosedConnection) -> None:
        """Record whether a new connection's server takes writes, and measure its clock."""
        if connection.was_read_only:
            self.writes.record_refusal(connection.made_at)
        else:
            await self.writes.record_acceptance()
        with aborted_when_frozen(connection, self.timeouts.abort):
            await self.clock.measure(connection)
        if connection.was_read_only and self.writes.predates_switchover(connection.made_at):
            raise psycopg.OperationalError("another server has taken over while the connection was made")

    def deadline(self) -> datetime:
        """Return the time, by PostgreSQL's clock, from which on a statement must change nothing.

        Call it as soon as the connection is available. The use of the connection is aborted ``ANSWER_SECONDS`` later,
        which leaves that time for the answer to a statement that was executed.
        """
        return self.clock.now() + timedelta(seconds=self.timeouts.abort - ANSWER_SECONDS)

    def connection(self) -> AbstractAsyncContextManager[PromptlyClosedConnection]:
        """Yield a connection on which each statement commits by itself."""
        return self._checked_out(self.timeouts.abort)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[PromptlyClosedConnection]:
        """Yield a connection in a transaction: committed at the end, rolled back by an exception."""
        async with self.connection() as connection, connection.transaction():
            yield connection

    @contextmanager
    def bulk_slot(self) -> Iterator[None]:
        """Hold one of the bulk slots for the block. It takes no connection yet: the rows may still be arriving.

        Raises ``ServiceUnavailableError`` when all slots are taken.
        """
        if self._bulk_slots_taken >= self.bulk_slots:
            report(DatabaseBulkPlacesTaken())
            raise ServiceUnavailableError
        self._bulk_slots_taken += 1
        try:
            yield
        finally:
            self._bulk_slots_taken -= 1

    @asynccontextmanager
    async def bulk_transaction(self) -> AsyncIterator[PromptlyClosedConnection]:
        """Yield a connection in a long transaction for many rows. The caller must hold a bulk slot."""
        if not self._bulk_slots_taken:
            raise RuntimeError("a bulk transaction without a bulk slot")
        # Never a probe: all other calls would be refused until it ends.
        seconds = self._bulk_seconds + self.timeouts.abort
        async with self._checked_out(seconds, may_probe=False) as connection, connection.transaction():
            await connection.execute(
                "SELECT set_config('statement_timeout', %(limit)s, true)", {"limit": f"{self._bulk_seconds}s"}
            )
            yield connection

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[PromptlyClosedConnection]:
        """Yield a read-only connection whose statements share one snapshot. The caller must hold a bulk slot."""
        if not self._bulk_slots_taken:
            raise RuntimeError("a snapshot without a bulk slot")
        seconds = self._bulk_seconds + self.timeouts.abort
        async with self._checked_out(seconds, may_probe=False) as connection, connection.transaction():
            await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            await connection.execute(
                "SELECT set_config('statement_timeout', %(limit)s, true)", {"limit": f"{self._bulk_seconds}s"}
            )
            yield connection

    @asynccontextmanager
    async def _checked_out(self, seconds: float, *, may_probe: bool = True) -> AsyncIterator[PromptlyClosedConnection]:
        with faults_as_unavailable(), self.breaker.attempt(may_probe=may_probe):
            try:
                connection = await self._pool.getconn()
            except PoolTimeout as error:
                if self._is_reachable:
                    raise
                raise UnansweredError("no connection, and no way to make one") from error
            # Not ``pool.connection()``: its commit, with nothing to commit, costs an iteration of the event loop.
            try:
                with aborted_when_frozen(connection, seconds):
                    yield connection
            except psycopg.errors.ReadOnlySqlTransaction:
                await self.close_read_only_connection(connection)
                raise
            finally:
                await self._pool.putconn(connection)

    async def close_read_only_connection(self, connection: PromptlyClosedConnection) -> None:
        """Close a connection whose server refuses writes: its address may belong to another server by now."""
        self.writes.record_refusal(connection.made_at)
        await connection.close()

    def _note_outcome(self, error: psycopg.Error | None) -> None:
        """Store whether the last attempt to connect succeeded: it distinguishes a lost database from a busy pool."""
        self._is_reachable = error is None
        if isinstance(error, UnsuitableDatabaseError):
            report(DatabaseUnsuitable(why=str(error)))

    def pool_load(self) -> PoolLoad:
        """Return how busy the pool is at this moment."""
        stats = self._pool.get_stats()
        return PoolLoad(
            size=stats["pool_size"],
            idle=stats["pool_available"],
            limit=stats["pool_max"],
            waiting=stats["requests_waiting"],
            # The pool has no such counter before the first request.
            asked=stats.get("requests_num", 0),
        )

    async def _check_still_connected(self, connection: AsyncConnection[Any]) -> None:
        """Refuse a connection that the server has closed: one poll of its socket, no round trip.

        An idle connection receives no data, so a readable one was closed. The others most likely were, too: all are
        replaced, so that no request fails because of a restarted server.
        """
        if is_readable(connection):
            await connection.close()
            await self.replace_connections()
            raise psycopg.OperationalError("the server closed the connection")


@contextmanager
def faults_as_unavailable() -> Iterator[None]:
    """Raise ``ServiceUnavailableError`` for any driver error. Repositories catch the errors that they expect."""
    try:
        yield
    except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn) as error:
        report(DatabaseSchemaMissing(sqlstate=error.sqlstate))
        raise ServiceUnavailableError from error
    except psycopg.Error as error:
        report(DatabaseUnavailable(error=type(error).__name__, sqlstate=error.sqlstate))
        raise ServiceUnavailableError from error
