"""Generated users with names of two words and a number. Few have a role, are inactive, or have a rare name."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from benchmarks.items.catalogue import vocabulary

SEED: Final = 22
FIRST_CREATED_AT: Final = datetime(2020, 1, 1, tzinfo=UTC)
WORDS: Final = 3000
RARE_NAME: Final = "zyxwvut"
FREQUENT_NAME: Final = "quokkas"
FEW: Final = 100
"""Number of users with the rare name, and of users with the support role, regardless of the total."""

_COLUMNS: Final = (
    "id, email, email_key, username, username_key, external_id, is_active, email_verified_at, roles, created_at"
)


def user_rows(count: int) -> Iterator[tuple[object, ...]]:
    """Yield users as rows of the table, oldest first."""
    chance = random.Random(SEED)
    words = [word for word in vocabulary() if len(word) > 3][:WORDS]  # noqa: PLR2004 - no trigram would be whole
    few = frozenset(range(0, count, max(1, count // FEW)))
    for index in range(count):
        first = RARE_NAME if index in few else FREQUENT_NAME if index % 100 == 1 else chance.choice(words)
        name = f"{first}.{chance.choice(words)}{index}"
        email, created_at = f"{name}@example.com", FIRST_CREATED_AT + timedelta(seconds=index)
        roles = ["support"] if index in few else ["member"] if index % 10 == 0 else []
        is_verified = chance.random() < 0.9  # noqa: PLR2004 - nine of ten
        yield (
            UUID(int=chance.getrandbits(128), version=4),
            email,
            email,
            name,
            name,
            f"legacy-{index}",
            index % 100 != 0,
            created_at if is_verified else None,
            roles,
            created_at,
        )


async def fill(connection: AsyncConnection[TupleRow], count: int) -> None:
    """Store the users, and create the indexes of lists afterwards."""
    cursor = await connection.execute(
        "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'users' AND indexname LIKE '%\\_idx'"
    )
    indexes = await cursor.fetchall()
    await connection.execute("SET maintenance_work_mem = '256MB'")
    for name, _ in indexes:
        await connection.execute(f"DROP INDEX {name}".encode())
    async with connection.cursor() as copying, copying.copy(f"COPY users ({_COLUMNS}) FROM STDIN".encode()) as copy:
        for row in user_rows(count):
            await copy.write_row(row)
    for _, definition in indexes:
        await connection.execute(definition.encode())
    await connection.execute("VACUUM ANALYZE users")
