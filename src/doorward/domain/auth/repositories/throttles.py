"""The SQL of throttling: the table ``login_throttles``, one row for each bucket of names and kind of client.

All times are PostgreSQL's ``clock_timestamp()``. ``now()`` is the start of the transaction: a statement that waited for
the row's lock would compare an old time with the one that the lock's holder wrote, and refuse an allowed attempt.
"""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta

from doorward.core.frozen import frozen
from doorward.domain.auth.repositories import Connection


@frozen
class FewFailures:
    """The number of failures from which a row throttles: of passwords, and of codes (keys with ``prefix``)."""

    of_passwords: int
    of_codes: int
    prefix: bytes


async def add_failure(connection: Connection, *, bucket: int, client: bytes, delays: Sequence[float]) -> int | None:
    """Count an attempt as failed before it is made; return its number, or None if it must wait.

    ``delays`` has the delay in seconds after each number of failures; its length is the maximum number of failures.
    """
    cursor = await connection.execute(
        """
        INSERT INTO login_throttles AS throttle (bucket, client, failures, next_at, seen_at)
        VALUES (
            %(bucket)s, %(client)s, 1,
            clock_timestamp() + (%(delays)s::float8[])[1] * interval '1 second', clock_timestamp()
        )
        ON CONFLICT (bucket, client) DO UPDATE
        SET failures = throttle.failures + 1,
            next_at = clock_timestamp() + (%(delays)s::float8[])[throttle.failures + 1] * interval '1 second',
            seen_at = clock_timestamp()
        WHERE NOT throttle.next_at > clock_timestamp()
          AND throttle.failures < cardinality(%(delays)s::float8[])
        RETURNING throttle.failures
        """,
        {"bucket": bucket, "client": client, "delays": list(delays)},
    )
    row = await cursor.fetchone()
    return int(row[0]) if row else None


async def remove_failure(connection: Connection, *, bucket: int, client: bytes) -> None:
    """Undo the count of an attempt that was not made. The next one is allowed at once, as this one was."""
    await connection.execute(
        """
        UPDATE login_throttles
        SET failures = failures - 1,
            next_at = clock_timestamp()
        WHERE bucket = %(bucket)s
          AND client = %(client)s
          AND failures > 0
        """,
        {"bucket": bucket, "client": client},
    )


async def find_wait(connection: Connection, *, bucket: int, client: bytes) -> timedelta | None:
    """Return the time until the next attempt is allowed; None if no failures are stored."""
    cursor = await connection.execute(
        """
        SELECT next_at - clock_timestamp()
        FROM login_throttles
        WHERE bucket = %(bucket)s
          AND client = %(client)s
        """,
        {"bucket": bucket, "client": client},
    )
    row = await cursor.fetchone()
    return row[0] if row else None


async def remove_throttles_of(connection: Connection, *, bucket: int, clients: Sequence[bytes]) -> None:
    """Forget the failures of these clients."""
    await connection.execute(
        """
        DELETE FROM login_throttles
        WHERE bucket = %(bucket)s
          AND client = ANY(%(clients)s)
        """,
        {"bucket": bucket, "clients": list(clients)},
    )


async def replace_client(connection: Connection, *, bucket: int, old: bytes, new: bytes) -> None:
    """Move the failures of a client to another one, which has none yet."""
    await connection.execute(
        """
        UPDATE login_throttles
        SET client = %(new)s
        WHERE bucket = %(bucket)s
          AND client = %(old)s
        """,
        {"bucket": bucket, "old": old, "new": new},
    )


async def remove_throttles(connection: Connection, *, bucket: int, spared: bytes | None = None) -> int:
    """Forget the failures of all clients, except those whose keys begin with ``spared``; return the number of rows."""
    cursor = await connection.execute(
        """
        DELETE FROM login_throttles
        WHERE bucket = %(bucket)s
          AND (%(spared)s::bytea IS NULL OR substring(client FOR length(%(spared)s::bytea)) <> %(spared)s)
        """,
        {"bucket": bucket, "spared": spared},
    )
    return cursor.rowcount


async def remove_silent_throttles(
    connection: Connection, *, few: FewFailures, few_kept: timedelta, many_kept: timedelta, limit: int
) -> int:
    """Remove rows with few failures after ``few_kept`` without an attempt, and all others after ``many_kept``.

    Locked rows are left for the next run. Return how many were removed.
    """
    cursor = await connection.execute(
        """
        WITH silent AS (
            SELECT bucket, client
            FROM login_throttles
            WHERE seen_at < clock_timestamp() - %(few_kept)s
              AND (
                  failures < CASE
                      WHEN substring(client FOR length(%(prefix)s::bytea)) = %(prefix)s THEN %(of_codes)s
                      ELSE %(of_passwords)s
                  END
                  OR seen_at < clock_timestamp() - %(many_kept)s
              )
            LIMIT %(limit)s
            FOR UPDATE SKIP LOCKED
        )
        DELETE FROM login_throttles
        USING silent
        WHERE login_throttles.bucket = silent.bucket
          AND login_throttles.client = silent.client
        """,
        {**asdict(few), "few_kept": few_kept, "many_kept": many_kept, "limit": limit},
    )
    return cursor.rowcount
