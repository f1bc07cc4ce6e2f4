"""The SQL of lists, counts and searches of the items that a user can read: own items, and those that others share.

Both kinds are read from an index in the order of the list, and the two results are merged, so that the cost of a page
does not depend on the number of items. The statements are planned for their values each time (``prepare=False``),
because a plan for a rare tag is slow for a common one.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Final
from uuid import UUID

from psycopg import sql
from psycopg.rows import class_row

from doorward.core.pages import Position
from doorward.domain.items.exceptions import QueryTooBroadError
from doorward.domain.items.folding import fold
from doorward.domain.items.models import FoundItem, Item, ItemQuery, SearchQuery, Sort
from doorward.domain.items.repositories import Connection, in_time

MAXIMUM_CANDIDATES: Final = 10_000
"""Maximum matches of a search that are ranked and counted. People do not read longer lists."""

_COLUMNS: Final = sql.SQL("id, owner_id, title, description, tags, year, visibility, version, created_at, updated_at")
_SHARED: Final = sql.SQL("visibility = 'shared' AND (%(owner)s = 'all' OR owner_id = %(reader_id)s::uuid)")
_OWN_PRIVATE: Final = sql.SQL("visibility = 'private' AND owner_id = %(reader_id)s::uuid")
_OWN_PRIVATE_IN_WORDS: Final = sql.SQL("visibility = 'private' AND owner_id::text = %(reader_id)s::uuid::text")
"""Compared as text, as in the index of words.

Compared as UUID, PostgreSQL would choose an index of lists and read it once for each word, as long as it has no
statistics of the table.
"""

_FILTER: Final = sql.SQL(
    """(%(title)s::text IS NULL OR folded_title LIKE %(title)s::text)
       AND (%(tag)s::text IS NULL OR tags OPERATOR(pg_catalog.@>) ARRAY[%(tag)s::text])
       AND (%(year)s::integer IS NULL OR year = %(year)s::integer)"""
)
_FIRST_OF: Final = sql.SQL(
    """(
        SELECT {columns}
        FROM items
        WHERE {readable}
          AND {filter}
          AND (%(after_id)s::uuid IS NULL OR {behind})
        ORDER BY {ordering}
        LIMIT %(offset)s::bigint + %(limit)s::bigint
    )"""
)
_MATCHING: Final = sql.SQL(
    """(
        SELECT id, search_vector
        FROM items
        WHERE {matching}
          AND {readable}
          AND {filter}
        LIMIT %(candidates)s
    )"""
)
_TITLED: Final = sql.SQL("search_vector @@ %(whole_title)s::tsquery")
_WORDED: Final = sql.SQL("search_vector @@ %(words)s::tsquery AND NOT search_vector @@ %(whole_title)s::tsquery")
_ORDERS: Final[Mapping[Sort, tuple[sql.SQL, sql.SQL]]] = {
    "created_at": (
        sql.SQL("created_at, id"),
        sql.SQL("(created_at, id) > (%(after_value)s::timestamptz, %(after_id)s::uuid)"),
    ),
    "-created_at": (
        sql.SQL("created_at DESC, id DESC"),
        sql.SQL("(created_at, id) < (%(after_value)s::timestamptz, %(after_id)s::uuid)"),
    ),
    "title": (sql.SQL("title, id"), sql.SQL("(title, id) > (%(after_value)s::text, %(after_id)s::uuid)")),
    "-title": (sql.SQL("title DESC, id DESC"), sql.SQL("(title, id) < (%(after_value)s::text, %(after_id)s::uuid)")),
}
"""For each order: its columns, and the condition for rows after a position."""


async def list_items(
    connection: Connection, wanted: ItemQuery, *, limit: int, offset: int = 0, after: Position | None = None
) -> Sequence[Item]:
    """List the readable items from an offset or after a position. Raises ``QueryTooBroadError``."""
    ordering, behind = _ORDERS[wanted.sort]
    parts = {"columns": _COLUMNS, "filter": _FILTER, "behind": behind, "ordering": ordering}
    async with in_time(QueryTooBroadError), connection.cursor(row_factory=class_row(Item)) as cursor:
        await cursor.execute(
            sql.SQL(
                """
                SELECT {columns}
                FROM ({shared} UNION ALL {private}) AS readable
                ORDER BY {ordering}
                LIMIT %(limit)s OFFSET %(offset)s
                """
            ).format(
                columns=_COLUMNS,
                shared=_FIRST_OF.format(readable=_SHARED, **parts),
                private=_FIRST_OF.format(readable=_OWN_PRIVATE, **parts),
                ordering=ordering,
            ),
            {
                **_parameters(wanted),
                "after_id": after and after.id,
                "after_value": after and after.value,
                "limit": limit,
                "offset": offset,
            },
            prepare=False,
        )
        return await cursor.fetchall()


async def count_items(connection: Connection, wanted: ItemQuery) -> int:
    """Count the readable items exactly, reading an index entry of each. Raises ``QueryTooBroadError``."""
    async with in_time(QueryTooBroadError):
        cursor = await connection.execute(
            sql.SQL(
                """
                SELECT (SELECT count(*) FROM items WHERE {shared} AND {filter})
                     + (SELECT count(*) FROM items WHERE {private} AND {filter})
                """
            ).format(shared=_SHARED, private=_OWN_PRIVATE, filter=_FILTER),
            _parameters(wanted),
            prepare=False,
        )
        row = await cursor.fetchone()
    return int(row[0]) if row else 0


async def list_matches(
    connection: Connection,
    wanted: ItemQuery,
    query: SearchQuery,
    *,
    limit: int,
    offset: int,
    candidates: int = MAXIMUM_CANDIDATES,
) -> Sequence[FoundItem]:
    """List the readable items that match a query: those with it as their title, then the others, best first.

    Raises ``QueryTooBroadError``.
    """
    async with in_time(QueryTooBroadError), connection.cursor(row_factory=class_row(FoundItem)) as cursor:
        await cursor.execute(
            sql.SQL(
                """
                WITH matches AS MATERIALIZED (
                    SELECT id, is_title, ts_rank(search_vector, %(words)s::tsquery) AS rank
                    FROM {found} AS found
                    LIMIT %(candidates)s
                )
                SELECT {columns}, (SELECT count(*) FROM matches) AS total
                FROM (
                    SELECT id, is_title, rank
                    FROM matches
                    ORDER BY is_title DESC, rank DESC, id
                    LIMIT %(limit)s OFFSET %(offset)s
                ) AS best
                JOIN items USING (id)
                ORDER BY is_title DESC, rank DESC, id
                """
            ).format(columns=_COLUMNS, found=_titled_and_others()),
            {**_parameters(wanted), **asdict(query), "candidates": candidates, "limit": limit, "offset": offset},
            prepare=False,
        )
        return await cursor.fetchall()


async def list_known_spellings(
    connection: Connection, spellings: Sequence[str], reader_id: UUID | None
) -> Sequence[str]:
    """Return the spellings that occur in an item that this user can read. Raises ``QueryTooBroadError``.

    ``to_tsquery`` costs more than a cast, by PostgreSQL's estimate: for a cast it would read the table for each word.
    """
    async with in_time(QueryTooBroadError):
        cursor = await connection.execute(
            """
            SELECT spelling
            FROM pg_catalog.unnest(%(spellings)s::text[]) AS spelling
            WHERE EXISTS (
                SELECT FROM items
                WHERE search_vector @@ pg_catalog.to_tsquery('simple', spelling)
                  AND visibility = 'shared'
            ) OR EXISTS (
                SELECT FROM items
                WHERE search_vector @@ pg_catalog.to_tsquery('simple', spelling)
                  AND visibility = 'private'
                  AND owner_id::text = %(reader_id)s::uuid::text
            )
            """,
            {"spellings": spellings, "reader_id": reader_id},
            prepare=False,
        )
        return [row[0] for row in await cursor.fetchall()]


def _titled_and_others() -> sql.Composed:
    """Return the query of all readable matches, those with the query as their title first."""
    return sql.SQL(
        """(
            SELECT id, search_vector, TRUE AS is_title FROM {titled} AS titled
            UNION ALL
            SELECT id, search_vector, FALSE FROM {others} AS others
        )"""
    ).format(titled=_readable(_TITLED), others=_readable(_WORDED))


def _readable(matching: sql.SQL) -> sql.Composed:
    """Return the query of the readable items that match, the reader's private ones first."""
    return sql.SQL("({private} UNION ALL {shared})").format(
        private=_MATCHING.format(matching=matching, readable=_OWN_PRIVATE_IN_WORDS, filter=_FILTER),
        shared=_MATCHING.format(matching=matching, readable=_SHARED, filter=_FILTER),
    )


def _parameters(wanted: ItemQuery) -> Mapping[str, object]:
    item_filter = wanted.filter
    pattern = item_filter.title and "%" + re.sub(r"([\\%_])", r"\\\1", fold(item_filter.title)) + "%"
    return {**asdict(wanted), **asdict(item_filter), "title": pattern}
