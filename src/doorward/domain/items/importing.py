"""Use case: import items from a CSV file, all of them or the valid ones."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import IO, Final
from uuid import UUID, uuid4

from doorward.core.exceptions import DomainError, Flaw, Kind
from doorward.core.ports import Clock, Database
from doorward.domain.items.csv_lines import BadLine, read_items
from doorward.domain.items.events import ItemsImported, ItemsImportRefused
from doorward.domain.items.exceptions import ImportRefusedError, ItemQuotaReachedError, TooManyBadLinesError
from doorward.domain.items.models import Item, ItemContent, Visibility
from doorward.domain.items.policy import new_item
from doorward.domain.items.repositories import Connection, entries, quota
from doorward.observability.logging import report

MAXIMUM_FLAWS_SHOWN: Final = 100
MAXIMUM_BAD_LINES: Final = 10_000
TURN_SECONDS: Final = 0.002
"""How long lines are read before the event loop runs other requests."""


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """The options of an import. ``visibility`` is the default for lines without one."""

    owner_id: UUID
    visibility: Visibility = "private"
    skip_bad_lines: bool = False


@dataclass(frozen=True, slots=True)
class ImportResult:
    """The number of imported lines, and the errors of the others."""

    imported: int
    bad_lines: Sequence[BadLine]


class ItemImport:
    """Import files as items."""

    def __init__(
        self,
        *,
        database: Database[Connection],
        clock: Clock,
        quota: int | None = None,
        turn_seconds: float = TURN_SECONDS,
    ) -> None:
        """Take the database, the time, and how many items one user may own; None does not bound them."""
        self._turn_seconds = turn_seconds
        self._quota = quota
        self._database = database
        self._clock = clock

    async def run(
        self, file: IO[bytes], request: ImportRequest, on_progress: Callable[[], None] = lambda: None
    ) -> ImportResult:
        """Store the file's items in one transaction, committed when this returns.

        ``on_progress`` is called every few milliseconds. Raises ``ImportRefusedError`` for bad lines that are not to be
        skipped, ``TooManyBadLinesError``, ``TooManyLinesError``, ``InvalidCsvHeaderError``, ``MalformedCsvError`` or
        ``ItemQuotaReachedError``; then nothing is stored.
        """
        bad_lines: list[BadLine] = []
        try:
            async with self._database.bulk_transaction() as connection:
                room = await self._room_of(connection, request.owner_id)
                with closing(read_items(file, request.visibility)) as lines:
                    items = self._items(lines, request, bad_lines, on_progress)
                    imported = await entries.add_items(connection, _at_most(room, items))
                await self._check_quota(connection, request.owner_id)
        except DomainError as error:
            if error.kind in {Kind.INVALID, Kind.FORBIDDEN}:
                report(ItemsImportRefused(owner_id=request.owner_id, code=error.code))
            raise
        report(ItemsImported(owner_id=request.owner_id, imported=imported, skipped=len(bad_lines)))
        return ImportResult(imported, bad_lines)

    async def _items(
        self,
        lines: Iterable[ItemContent | BadLine | None],
        request: ImportRequest,
        bad_lines: list[BadLine],
        on_progress: Callable[[], None],
    ) -> AsyncIterator[Item]:
        """Yield the valid lines as items and collect the errors; at the end, raise the refusal for them, if any."""
        now, turn_ends = self._clock.now(), time.monotonic() + self._turn_seconds
        for line in lines:
            if time.monotonic() >= turn_ends:
                on_progress()
                await asyncio.sleep(0)
                turn_ends = time.monotonic() + self._turn_seconds
            if isinstance(line, ItemContent):
                yield new_item(uuid4(), line, request.owner_id, now)
            elif line is not None:
                bad_lines.append(line)
                _check_patience(bad_lines, request)
        if bad_lines and not request.skip_bad_lines:
            raise _refusal(bad_lines)

    async def _room_of(self, connection: Connection, owner_id: UUID) -> int | None:
        """Return how many more items the owner may have now; None without a quota."""
        if self._quota is None:
            return None
        return self._quota - await quota.count_owned_items(connection, owner_id, limit=self._quota)

    async def _check_quota(self, connection: Connection, owner_id: UUID) -> None:
        """Count again, with items stored meanwhile. The lock keeps others from adding until the transaction ends."""
        if self._quota is None:
            return
        await quota.lock_owner(connection, owner_id)
        if await quota.count_owned_items(connection, owner_id, limit=self._quota + 1) > self._quota:
            raise ItemQuotaReachedError


async def _at_most(room: int | None, items: AsyncIterator[Item]) -> AsyncIterator[Item]:
    """Yield the items. Raises ``ItemQuotaReachedError`` at the first item above the quota, before it is written."""
    number = 0
    async for item in items:
        number += 1
        if room is not None and number > room:
            raise ItemQuotaReachedError
        yield item


def _check_patience(bad_lines: Sequence[BadLine], request: ImportRequest) -> None:
    if request.skip_bad_lines and len(bad_lines) > MAXIMUM_BAD_LINES:
        raise TooManyBadLinesError
    if not request.skip_bad_lines and len(bad_lines) == MAXIMUM_FLAWS_SHOWN:
        raise _refusal(bad_lines)


def _refusal(bad_lines: Sequence[BadLine]) -> ImportRefusedError:
    return ImportRefusedError([Flaw(f"line/{line.number}", line.error.code, line.error.detail) for line in bad_lines])
