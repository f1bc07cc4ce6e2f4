"""Use case: write all users to a file."""

from contextlib import aclosing
from typing import IO

from doorward.core.ports import Clock, SnapshotDatabase
from doorward.domain.administration.authorization import lock_actor
from doorward.domain.administration.exporting.events import UsersExported
from doorward.domain.administration.exporting.models import UserExportRequest
from doorward.domain.administration.exporting.writers import header_of, writer_of
from doorward.domain.administration.repositories import Connection, exported_users
from doorward.domain.audit.recording import record
from doorward.domain.auth.scopes import AdminScope
from doorward.observability.logging import report


class UserExport:
    """Exports users."""

    def __init__(self, *, database: SnapshotDatabase[Connection], clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def write(self, file: IO[bytes], request: UserExportRequest) -> int:
        """Write a consistent snapshot of all users; return how many.

        The export is recorded once it is complete; only then may the file be handed out. Raises what ``lock_actor``
        raises, and ``ServiceUnavailableError``, also when all slots for bulk transactions are taken.
        """
        count, with_hashes = 0, request.with_hashes
        write = writer_of(request.format, with_hashes=with_hashes)
        file.write(header_of(request.format, with_hashes=with_hashes))
        with self._database.bulk_slot():
            async with (
                self._database.snapshot() as connection,
                aclosing(exported_users.list_users(connection)) as users,
            ):
                async for user in users:
                    file.write(write(user))
                    count += 1
        event = UsersExported(user_id=None, count=count, with_hashes=with_hashes)
        async with self._database.transaction() as connection:
            await lock_actor(connection, request.actor, AdminScope.USERS_EXPORT, now=self._clock.now())
            await record(connection, event)
        report(event)
        return count
