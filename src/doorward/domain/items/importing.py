"""Use case: import items from a CSV file, all of them or the valid ones."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from typing import IO, Final
from uuid import UUID, uuid4

from doorward.core.exceptions import DomainError, InputError, Kind
from doorward.core.frozen import frozen
from doorward.core.ports import Clock, Database
from doorward.domain.items.events import ItemsImported, ItemsImportRefused
from doorward.domain.items.exceptions import (
    ImportRefusedError,
    ItemQuotaReachedError,
    TooManyBadLinesError,
    TooManyLinesError,
)
from doorward.domain.items.indexing import index_of
from doorward.domain.items.models import ImportedItem, StagedItem, StagedMerge
from doorward.domain.items.reading.files import BadLine, FileOptions, ItemFile, open_items
from doorward.domain.items.repositories import Connection, imports, quota
from doorward.observability.logging import report

MAXIMUM_ERRORS_SHOWN: Final = 100
MAXIMUM_BAD_LINES: Final = 10_000
MAXIMUM_SECONDS: Final = 60
"""How long an import may take, reading and storing together."""

MAXIMUM_BLOCKING_SECONDS: Final = 0.002
"""How long lines are read before the event loop runs other requests."""

MAXIMUM_LINES: Final = 2**32


@frozen
class ImportRequest:
    """The owner of the imported items, and how the file is read."""

    owner_id: UUID
    options: FileOptions = field(default_factory=FileOptions)
    skip_bad_lines: bool = False


@frozen
class ImportResult:
    """The numbers of new, changed and unchanged items, and the errors of invalid lines."""

    imported: int
    updated: int
    unchanged: int
    bad_lines: Sequence[BadLine]
    unused_columns: Sequence[str]


@dataclass(slots=True)
class _Reading:
    """The state of reading a file, perhaps a second time, with the errors of this time."""

    file: IO[bytes]
    request: ImportRequest
    on_progress: Callable[[], None]
    ends_at: float
    bad_lines: list[BadLine] = field(default_factory=list)

    def opened(self) -> AbstractContextManager[ItemFile]:
        """Open the file at its beginning."""
        self.bad_lines.clear()
        self.file.seek(0)
        return open_items(self.file, self.request.options)

    def milliseconds_left(self) -> int:
        """Return the remaining time, at least one millisecond: 0 would disable the statement's timeout."""
        return max(1, int((self.ends_at - time.monotonic()) * 1000))


class ItemImport:
    """Import files as items."""

    def __init__(
        self,
        *,
        database: Database[Connection],
        clock: Clock,
        quota: int | None = None,
        seconds: float = MAXIMUM_SECONDS,
        maximum_blocking_seconds: float = MAXIMUM_BLOCKING_SECONDS,
    ) -> None:
        """Take the database, the clock, the quota of items per user (None disables it), and the limits."""
        self._maximum_blocking_seconds = maximum_blocking_seconds
        self._seconds = seconds
        self._quota = quota
        self._database = database
        self._clock = clock

    async def run(
        self, file: IO[bytes], request: ImportRequest, on_progress: Callable[[], None] = lambda: None
    ) -> ImportResult:
        """Store the file's items in one transaction, committed when this returns.

        A line with a foreign id changes the owner's item with that id, if there is one, in the fields that the file
        has. ``on_progress`` is called every few milliseconds. Raises ``ImportRefusedError`` for bad lines that are not
        to be skipped, ``TooManyBadLinesError``, ``TooManyLinesError``, ``ItemQuotaReachedError`` or a refusal of the
        whole file; then nothing is stored.
        """
        try:
            async with self._database.bulk_transaction() as connection:
                reading = _Reading(file, request, on_progress, time.monotonic() + self._seconds)
                result = await self._store(connection, reading)
        except DomainError as error:
            if error.kind in {Kind.INVALID, Kind.FORBIDDEN}:
                report(ItemsImportRefused(owner_id=request.owner_id, code=error.code))
            raise
        report(
            ItemsImported(
                owner_id=request.owner_id,
                imported=result.imported,
                updated=result.updated,
                unchanged=result.unchanged,
                skipped=len(result.bad_lines),
            )
        )
        return result

    async def _store(self, connection: Connection, reading: _Reading) -> ImportResult:
        """Store the lines as new items, which is faster; else merge them with the items that have their foreign ids."""
        with reading.opened() as file:
            has_ids = "external_id" in file.fields
        if not has_ids or await imports.find_any_external_id(connection, reading.request.owner_id) is None:
            with suppress(imports.ExternalIdTakenError):
                async with connection.transaction():
                    return await self._add(connection, reading)
        return await self._merge(connection, reading)

    async def _add(self, connection: Connection, reading: _Reading) -> ImportResult:
        owner_id, room = reading.request.owner_id, await self._remaining_quota(connection, reading.request.owner_id)
        await imports.allow_statement_time(connection, reading.milliseconds_left())
        with reading.opened() as file:
            items = _within_quota(room, self._items(file.lines, reading))
            added = await imports.add_items(connection, items, owner_id, self._clock.now())
        await self._check_quota(connection, owner_id)
        return ImportResult(added, 0, 0, reading.bad_lines, file.unused_columns)

    async def _merge(self, connection: Connection, reading: _Reading) -> ImportResult:
        owner_id = reading.request.owner_id
        await imports.allow_statement_time(connection, reading.milliseconds_left())
        await imports.add_staging_table(connection)
        with reading.opened() as file:
            staged = await imports.add_staged_items(connection, self._items(file.lines, reading))
        room = await self._remaining_quota(connection, owner_id)
        await imports.allow_statement_time(connection, reading.milliseconds_left())
        if room is not None and staged > room and await imports.count_new_items(connection, owner_id) > room:
            raise ItemQuotaReachedError
        merge = StagedMerge(
            owner_id=owner_id,
            now=self._clock.now(),
            has_description="description" in file.fields,
            has_tags="tags" in file.fields,
            has_year="year" in file.fields,
            has_visibility="visibility" in file.fields,
        )
        await imports.allow_statement_time(connection, reading.milliseconds_left())
        stored = await imports.add_or_update_items(connection, merge)
        await self._check_quota(connection, owner_id)
        unchanged = staged - stored.added - stored.updated
        return ImportResult(stored.added, stored.updated, unchanged, reading.bad_lines, file.unused_columns)

    async def _items(
        self, lines: Iterable[ImportedItem | BadLine | None], reading: _Reading
    ) -> AsyncIterator[StagedItem]:
        """Yield the valid lines as items and collect the errors; at the end, raise the refusal for them, if any."""
        ids, yield_at = _descending_ids(), time.monotonic() + self._maximum_blocking_seconds
        for line in lines:
            if time.monotonic() >= yield_at:
                if time.monotonic() >= reading.ends_at:
                    raise TooManyLinesError
                reading.on_progress()
                await asyncio.sleep(0)
                yield_at = time.monotonic() + self._maximum_blocking_seconds
            if isinstance(line, ImportedItem):
                yield _staged(next(ids), line)
            elif line is not None:
                reading.bad_lines.append(line)
                _check_error_limit(reading.bad_lines, reading.request)
        if reading.bad_lines and not reading.request.skip_bad_lines:
            raise _refusal(reading.bad_lines)

    async def _remaining_quota(self, connection: Connection, owner_id: UUID) -> int | None:
        """Return how many more items the owner may have now; None without a quota."""
        if self._quota is None:
            return None
        return self._quota - await quota.count_owned_items(connection, owner_id, limit=self._quota)

    async def _check_quota(self, connection: Connection, owner_id: UUID) -> None:
        """Count again, including items stored meanwhile. The lock blocks other inserts until the transaction ends."""
        if self._quota is None:
            return
        await quota.lock_owner(connection, owner_id)
        if await quota.count_owned_items(connection, owner_id, limit=self._quota + 1) > self._quota:
            raise ItemQuotaReachedError


async def _within_quota(room: int | None, items: AsyncIterator[StagedItem]) -> AsyncIterator[StagedItem]:
    """Yield the items. Raises ``ItemQuotaReachedError`` at the first item above the quota, before it is written."""
    number = 0
    async for item in items:
        number += 1
        if room is not None and number > room:
            raise ItemQuotaReachedError
        yield item


def _descending_ids() -> Iterator[UUID]:
    """Yield an id for each line, each lower than the one before it.

    All items of a file have the same creation time, and lists order equal times by id: so a list of the newest first
    has the lines in the file's order.
    """
    first = uuid4().int | MAXIMUM_LINES - 1
    return (UUID(int=number) for number in itertools.count(first, -1))


def _staged(item_id: UUID, line: ImportedItem) -> StagedItem:
    content = line.content
    index = index_of(content.title, content.description)
    return StagedItem(
        item_id,
        line.external_id,
        content.title,
        content.description,
        content.tags,
        content.year,
        content.visibility,
        index.folded_title,
        index.search_vector,
    )


def input_error_of(line: BadLine) -> InputError:
    """Return the error of a line in the form of all answers."""
    return InputError(f"line/{line.number}", line.error.code, line.error.detail)


def _check_error_limit(bad_lines: Sequence[BadLine], request: ImportRequest) -> None:
    if request.skip_bad_lines and len(bad_lines) > MAXIMUM_BAD_LINES:
        raise TooManyBadLinesError
    if not request.skip_bad_lines and len(bad_lines) == MAXIMUM_ERRORS_SHOWN:
        raise _refusal(bad_lines)


def _refusal(bad_lines: Sequence[BadLine]) -> ImportRefusedError:
    return ImportRefusedError([input_error_of(line) for line in bad_lines])
