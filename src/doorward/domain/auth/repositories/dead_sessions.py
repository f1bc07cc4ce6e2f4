"""The SQL that removes ended and expired rows of the table ``sessions``, a few pages at a time."""

from datetime import datetime

from doorward.domain.auth.repositories import Connection


async def count_pages(connection: Connection) -> int:
    """Return the size of the table, in pages."""
    cursor = await connection.execute(
        "SELECT pg_catalog.pg_relation_size('sessions') / current_setting('block_size')::int"
    )
    row = await cursor.fetchone()
    return int(row[0]) if row else 0


async def remove_dead_sessions(connection: Connection, *, first_page: int, end_page: int, dead_before: datetime) -> int:
    """Remove the sessions of some pages that ended or expired before a moment, except locked rows; return how many.

    The rows are selected by page: an index on columns that each rotation changes would prevent its HOT update.
    """
    cursor = await connection.execute(
        """
        WITH dead AS (
            SELECT id
            FROM sessions
            WHERE ctid >= %(first)s::tid AND ctid < %(end)s::tid
              AND LEAST(expires_at, ended_at) < %(dead_before)s
            FOR UPDATE SKIP LOCKED
        )
        DELETE FROM sessions
        USING dead
        WHERE sessions.id = dead.id
        """,
        {"first": f"({first_page},0)", "end": f"({end_page},0)", "dead_before": dead_before},
    )
    return cursor.rowcount
