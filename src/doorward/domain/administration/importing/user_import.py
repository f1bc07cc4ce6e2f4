"""Use case: import the users of a file, a thousand per transaction."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager, closing, nullcontext, suppress
from dataclasses import dataclass, field
from typing import IO, Final

from doorward.core.events import AuditedEvent
from doorward.core.exceptions import DomainError
from doorward.core.frozen import frozen
from doorward.core.ports import Clock, Database
from doorward.domain.administration.authorization import lock_actor
from doorward.domain.administration.importing.events import UserImported, UsersImported
from doorward.domain.administration.importing.exceptions import UserConflictError
from doorward.domain.administration.importing.models import (
    CONFLICTS,
    ForeignUser,
    ImportableRole,
    ImportCounts,
    ImportedUser,
    ImportOutcome,
    Line,
    LineCode,
    Reader,
    SkippedLine,
    UserFormat,
    UserImportRequest,
)
from doorward.domain.administration.importing.rules import ImportedHashes, ImportRules, refusal_of_roles, validate_user
from doorward.domain.administration.repositories import Connection, imported_users
from doorward.domain.audit.recording import record_all
from doorward.domain.auth.events import UserRolesChanged
from doorward.domain.auth.scopes import AdminScope
from doorward.observability.logging import report

BATCH: Final = 1000
MAXIMUM_BLOCKING_SECONDS: Final = 0.002
"""How long lines are read before the event loop runs other tasks."""

Numbered = tuple[int, ImportedUser]
Transaction = Callable[[], AbstractAsyncContextManager[Connection]]
"""Begins the transaction of a batch."""


class _RehearsalOverError(Exception):
    """Roll back the users that a rehearsal stored."""


@frozen
class Watcher:
    """Observes an import: called for each line that is not stored, and every few milliseconds of progress."""

    on_skipped: Callable[[SkippedLine], None]
    on_progress: Callable[[], None] = lambda: None


@dataclass(slots=True)
class _Import:
    """The state of an import in progress."""

    request: UserImportRequest
    watcher: Watcher
    counts: ImportCounts = field(default_factory=ImportCounts)

    def skip(self, number: int, code: LineCode) -> None:
        if code is LineCode.ALREADY_IMPORTED:
            self.counts.already_stored += 1
        else:
            self.counts.skipped += 1
        self.watcher.on_skipped(SkippedLine(number, code))


class UserImport:
    """Imports files of users."""

    def __init__(
        self,
        *,
        database: Database[Connection],
        clock: Clock,
        hashes: ImportedHashes,
        readers: Mapping[UserFormat, Reader],
        maximum_blocking_seconds: float = MAXIMUM_BLOCKING_SECONDS,
    ) -> None:
        """Take the database, the clock, the password hash formats, and the reader of each file format."""
        self._database = database
        self._clock = clock
        self._hashes = hashes
        self._readers = readers
        self._maximum_blocking_seconds = maximum_blocking_seconds

    async def run(self, file: IO[bytes], request: UserImportRequest, watcher: Watcher) -> ImportOutcome:
        """Store the users of the file in batches of a thousand, each committed by itself.

        Call it within ``bulk_slot``. Sends no mail. A refusal of the file or of the actor, a conflict with
        ``on_conflict="fail"``, or a database fault ends the import: the outcome has the refusal, and committed batches
        stay. The same file can be imported again: stored users are recognised by their external id, or the kept id.
        """
        work, refusal = _Import(request, watcher), None
        try:
            async with self._transactions(request) as transaction, aclosing(self._batches(file, work)) as batches:
                async for batch in batches:
                    await self._store(batch, work, transaction)
        except DomainError as error:
            refusal = error
        report(
            UsersImported(
                source=request.source,
                stored=work.counts.stored,
                already_stored=work.counts.already_stored,
                left_out=work.counts.skipped,
                is_rehearsal=request.is_rehearsal,
                refusal=refusal.code if refusal else None,
            )
        )
        return ImportOutcome(work.counts, refusal)

    @asynccontextmanager
    async def _transactions(self, request: UserImportRequest) -> AsyncIterator[Transaction]:
        """Yield a function that begins the transaction of a batch.

        A rehearsal has one transaction, which is rolled back. That way a rehearsal finds duplicates in the file without
        keeping users in memory.
        """
        if not request.is_rehearsal:
            yield self._database.bulk_transaction
            return
        with suppress(_RehearsalOverError):
            async with self._database.bulk_transaction() as connection:
                yield lambda: nullcontext(connection)
                raise _RehearsalOverError

    async def _batches(self, file: IO[bytes], work: _Import) -> AsyncGenerator[Sequence[Numbered]]:
        """Yield the valid users in batches of a thousand; leave out the others.

        If the rest of the file cannot be read, the refusal is raised after the users before it.
        """
        rules = ImportRules(self._hashes, work.request.keeps_ids, self._clock.now())
        batch: list[Numbered] = []
        refusal: DomainError | None = None
        with closing(self._readers[work.request.source](file)) as lines:
            try:
                async for line in self._lines_with_pauses(lines, work.watcher):
                    validated = (
                        validate_user(line.content, rules) if isinstance(line.content, ForeignUser) else line.content
                    )
                    if isinstance(validated, LineCode):
                        work.skip(line.number, validated)
                        continue
                    batch.append((line.number, validated))
                    if len(batch) == BATCH:
                        yield batch
                        batch = []
            except DomainError as error:
                refusal = error
        if batch:
            yield batch
        if refusal is not None:
            raise refusal

    async def _lines_with_pauses(self, lines: Iterator[Line | None], watcher: Watcher) -> AsyncIterator[Line]:
        """Yield the lines, and let the event loop run other tasks from time to time."""
        yield_at = time.monotonic() + self._maximum_blocking_seconds
        for line in lines:
            if time.monotonic() >= yield_at:
                watcher.on_progress()
                await asyncio.sleep(0)
                yield_at = time.monotonic() + self._maximum_blocking_seconds
            if line is not None:
                yield line

    async def _store(self, batch: Sequence[Numbered], work: _Import, transaction: Transaction) -> None:
        """Store a batch in its own transaction; leave out users with a conflict or a role that may not be granted."""
        async with transaction() as connection:
            own, roles = await self._authorize(connection, batch, work.request)
            await imported_users.lock_imports(connection)
            refusals = {number: refusal_of_roles(user, roles, own) for number, user in batch}
            allowed = [each for each in batch if refusals[each[0]] is None]
            stored, conflicts = await _add_users(connection, allowed)
            conflict = min((number for number, code in conflicts.items() if code in CONFLICTS), default=None)
            if conflict is not None and work.request.on_conflict == "fail":
                work.skip(conflict, conflicts[conflict])
                raise UserConflictError(conflict)
            events = [] if work.request.is_rehearsal else list(_events(stored, roles, work.request.source))
            await record_all(connection, events)
        for event in events:
            report(event)
        work.counts.stored += len(stored)
        for number, refusal in refusals.items():
            if code := refusal or conflicts.get(number):
                work.skip(number, code)
        work.watcher.on_progress()

    async def _authorize(
        self, connection: Connection, batch: Sequence[Numbered], request: UserImportRequest
    ) -> tuple[frozenset[str], Mapping[str, ImportableRole]]:
        """Return the actor's scopes, and the roles of a batch. Raises what ``lock_actor`` raises.

        Both are locked until the transaction ends, except in a rehearsal, which may last for a minute: rolling back the
        savepoint releases the locks. Otherwise the actor could not be deactivated, nor these roles changed, for so
        long.
        """
        async with connection.transaction(force_rollback=request.is_rehearsal):
            own = await lock_actor(connection, request.actor, AdminScope.USERS_IMPORT, now=self._clock.now())
            return own, await _lock_roles(connection, batch)


async def _lock_roles(connection: Connection, batch: Sequence[Numbered]) -> Mapping[str, ImportableRole]:
    names = {name for _, user in batch for name in user.roles}
    return {role.name: role for role in await imported_users.lock_roles(connection, names)} if names else {}


async def _add_users(
    connection: Connection, users: Sequence[Numbered]
) -> tuple[Sequence[ImportedUser], Mapping[int, LineCode]]:
    """Store the users without conflicts; return them, and the kind of conflict of each of the others."""
    first_of_id = {user.id: number for number, user in reversed(users)}
    unique = [user for number, user in users if first_of_id[user.id] == number]
    added = await imported_users.add_users(connection, unique)
    rest = [(number, user) for number, user in users if user.id not in added or first_of_id[user.id] != number]
    codes = await imported_users.list_conflicts(connection, [user for _, user in rest]) if rest else []
    stored = [user for user in unique if user.id in added]
    return stored, {number: LineCode(code) for (number, _), code in zip(rest, codes, strict=True)}


def _events(
    stored: Sequence[ImportedUser], roles: Mapping[str, ImportableRole], source: UserFormat
) -> Iterator[AuditedEvent]:
    for user in stored:
        yield UserImported(user_id=user.id, source=source)
        for name in user.roles:
            yield UserRolesChanged(user_id=user.id, role_id=roles[name].id, change="granted")
