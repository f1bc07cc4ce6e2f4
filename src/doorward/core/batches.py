"""Remove many rows in batches, so that other statements run in between."""

import asyncio
from typing import Final, Protocol, TypeVar

from doorward.core.ports import Database

PAUSE_SECONDS: Final = 0.01
"""Pause after each batch, for the calls that it delays."""

ConnectionT = TypeVar("ConnectionT")
ConnectionT_contra = TypeVar("ConnectionT_contra", contravariant=True)


class RemoveRows(Protocol[ConnectionT_contra]):
    """A function of a repository, with all parameters bound but the connection and ``limit``."""

    async def __call__(self, connection: ConnectionT_contra, /, *, limit: int) -> int:
        """Remove at most ``limit`` rows in one statement; return how many."""
        ...


async def remove_in_batches(database: Database[ConnectionT], *removals: RemoveRows[ConnectionT], limit: int) -> int:
    """Repeat each removal until it finds fewer rows than ``limit``; return how many rows were removed in all.

    Each batch commits by itself. Raises ``ServiceUnavailableError``; rows that were removed before stay removed.
    """
    total = 0
    for remove in removals:
        removed = limit
        while removed == limit:
            async with database.connection() as connection:
                removed = await remove(connection, limit=limit)
            total += removed
            await asyncio.sleep(PAUSE_SECONDS)
    return total
