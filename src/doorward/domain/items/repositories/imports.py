"""The SQL of imports: COPY into the table of items, or by a temporary table if some lines may match stored items."""

from collections.abc import AsyncIterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from typing import Final
from uuid import UUID

from psycopg import sql
from psycopg.errors import NumericValueOutOfRange, UniqueViolation
from psycopg.rows import class_row

from doorward.domain.items.exceptions import ItemVersionsExhaustedError, TooManyLinesError
from doorward.domain.items.models import StagedItem, StagedMerge, StoredLines
from doorward.domain.items.repositories import Connection, in_time, refusing_missing_owner

_NEXT_VERSION: Final = sql.SQL(
    """title = excluded.title,
       description = CASE WHEN %(has_description)s THEN excluded.description ELSE item.description END,
       tags = CASE WHEN %(has_tags)s THEN excluded.tags ELSE item.tags END,
       year = CASE WHEN %(has_year)s THEN excluded.year ELSE item.year END,
       visibility = CASE WHEN %(has_visibility)s THEN excluded.visibility ELSE item.visibility END,
       version = item.version + 1,
       updated_at = excluded.updated_at,
       folded_title = excluded.folded_title,
       search_vector = CASE
           WHEN %(has_description)s THEN excluded.search_vector
           ELSE excluded.search_vector || pg_catalog.ts_filter(item.search_vector, '{b}')
       END"""
)
_CHANGED: Final = sql.SQL(
    """(
        item.title <> excluded.title
        OR (%(has_description)s AND item.description <> excluded.description)
        OR (%(has_tags)s AND item.tags <> excluded.tags)
        OR (%(has_year)s AND item.year IS DISTINCT FROM excluded.year)
        OR (%(has_visibility)s AND item.visibility <> excluded.visibility)
    )"""
)


class ExternalIdTakenError(Exception):
    """A line has the foreign id of a stored item of its owner, or of an earlier line."""


async def find_any_external_id(connection: Connection, owner_id: UUID) -> str | None:
    """Find any foreign id of the owner's items; None if there is none."""
    cursor = await connection.execute(
        """
        SELECT external_id
        FROM items
        WHERE owner_id = %(owner_id)s
          AND external_id IS NOT NULL
        LIMIT 1
        """,
        {"owner_id": owner_id},
    )
    row = await cursor.fetchone()
    return str(row[0]) if row else None


async def add_items(connection: Connection, items: AsyncIterable[StagedItem], owner_id: UUID, now: datetime) -> int:
    """Store the lines as new items; return how many.

    Raises ``ExternalIdTakenError``, ``ItemOwnerGoneError`` or ``TooManyLinesError``.
    """
    count = 0
    with refusing_missing_owner(), _refusing_taken_external_ids():
        async with (
            in_time(TooManyLinesError),
            connection.cursor() as cursor,
            cursor.copy(
                """
                COPY items (
                    id, external_id, title, description, tags, year, visibility, folded_title, search_vector,
                    owner_id, version, created_at, updated_at
                )
                FROM STDIN
                """
            ) as copy,
        ):
            async for item in items:
                await copy.write_row((*item, owner_id, 1, now, now))
                count += 1
    return count


async def add_staging_table(connection: Connection) -> None:
    """Create the temporary table of the file's lines, which is dropped at the end of the transaction."""
    await connection.execute(
        """
        CREATE TEMPORARY TABLE staged_items (
            id uuid NOT NULL,
            external_id text,
            title text NOT NULL,
            description text NOT NULL,
            tags text[] NOT NULL,
            year smallint,
            visibility text NOT NULL,
            folded_title text NOT NULL,
            search_vector tsvector NOT NULL
        ) ON COMMIT DROP
        """
    )


async def add_staged_items(connection: Connection, items: AsyncIterable[StagedItem]) -> int:
    """Stage the lines; return how many. Raises ``TooManyLinesError``."""
    count = 0
    async with (
        in_time(TooManyLinesError),
        connection.cursor() as cursor,
        cursor.copy(
            """
            COPY pg_temp.staged_items (
                id, external_id, title, description, tags, year, visibility, folded_title, search_vector
            )
            FROM STDIN
            """
        ) as copy,
    ):
        async for item in items:
            await copy.write_row(item)
            count += 1
    return count


async def allow_statement_time(connection: Connection, milliseconds: int) -> None:
    """Set the timeout of the transaction's further statements."""
    await connection.execute(
        """
        SELECT pg_catalog.set_config('statement_timeout', %(limit)s, true)
        """,
        {"limit": f"{milliseconds}ms"},
    )


async def count_new_items(connection: Connection, owner_id: UUID) -> int:
    """Count the items that the staged lines add to those of the owner. Raises ``TooManyLinesError``."""
    async with in_time(TooManyLinesError):
        cursor = await connection.execute(
            """
            SELECT count(DISTINCT external_id)
            FROM pg_temp.staged_items AS line
            WHERE NOT EXISTS (
                SELECT FROM items
                WHERE items.owner_id = %(owner_id)s
                  AND items.external_id = line.external_id
            )
            """,
            {"owner_id": owner_id},
        )
        row = await cursor.fetchone()
    return int(row[0]) if row else 0


async def add_or_update_items(connection: Connection, merge: StagedMerge) -> StoredLines:
    """Store the staged lines: as new items, or as the next version of the owner's items with the same foreign ids.

    Each line has a foreign id; of lines with the same one the last is used, which has the lowest id. Fields without a
    column in the file stay, and an item that already equals its line keeps its version. Concurrent imports do not
    duplicate an item, because of the unique index ``items_owner_external_id_key``. Raises ``ItemOwnerGoneError``,
    ``TooManyLinesError`` and ``ItemVersionsExhaustedError``.
    """
    with refusing_missing_owner(), _refusing_exhausted_versions():
        async with in_time(TooManyLinesError), connection.cursor(row_factory=class_row(StoredLines)) as cursor:
            await cursor.execute(
                sql.SQL(
                    """
                    WITH stored AS (
                        INSERT INTO items AS item (
                            id, owner_id, external_id, title, description, tags, year, visibility, version, created_at,
                            updated_at, folded_title, search_vector
                        )
                        SELECT DISTINCT ON (external_id) id, %(owner_id)s, external_id, title, description,
                            tags, year, visibility, 1, %(now)s, %(now)s, folded_title, search_vector
                        FROM pg_temp.staged_items
                        ORDER BY external_id, id
                        ON CONFLICT (owner_id, external_id) WHERE external_id IS NOT NULL
                        DO UPDATE
                        SET {next_version}
                        WHERE {changed}
                        RETURNING version
                    )
                    SELECT count(*) FILTER (WHERE version = 1) AS added, count(*) FILTER (WHERE version > 1) AS updated
                    FROM stored
                    """
                ).format(changed=_CHANGED, next_version=_NEXT_VERSION),
                asdict(merge),
            )
            row = await cursor.fetchone()
    return row or StoredLines(0, 0)


@contextmanager
def _refusing_taken_external_ids() -> Iterator[None]:
    """Raise ``ExternalIdTakenError`` if the unique index refuses a foreign id, detected by its name."""
    try:
        yield
    except UniqueViolation as error:
        if error.diag.constraint_name == "items_owner_external_id_key":
            raise ExternalIdTakenError from error
        raise


@contextmanager
def _refusing_exhausted_versions() -> Iterator[None]:
    """Raise ``ItemVersionsExhaustedError`` if a version exceeds its column."""
    try:
        yield
    except NumericValueOutOfRange as error:
        raise ItemVersionsExhaustedError from error
