"""Use case: delete the accounts whose grace period has ended, with all their personal data."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from doorward.core.exceptions import ServiceUnavailableError
from doorward.core.ports import Clock, Database
from doorward.domain.accounts.events import UserDeleted
from doorward.domain.accounts.models import DueDeletion
from doorward.domain.accounts.repositories import Connection, deletions
from doorward.domain.audit.erasure import erase_personal_facts
from doorward.domain.audit.recording import record
from doorward.observability.logging import report

USERS_PER_RUN: Final = 100
"""Maximum accounts that one run deletes. The next run deletes the rest."""


class Erasure:
    """Delete accounts permanently."""

    def __init__(self, *, database: Database[Connection], clock: Clock, users_per_run: int = USERS_PER_RUN) -> None:
        """Take the database, the clock, and the maximum of deleted accounts."""
        self._database = database
        self._clock = clock
        self._users_per_run = users_per_run

    async def erase(self) -> int:
        """Delete the accounts that are due; return how many.

        Each is deleted in its own transaction, so that no account is deleted in part. An account that cannot be deleted
        neither delays another nor counts; its ``ServiceUnavailableError`` is raised at the end.
        """
        now = self._clock.now()
        erased, after, failure = 0, None, None
        while due := await self._list_due(after, now=now, limit=self._users_per_run - erased):
            for each in due:
                try:
                    erased += await self._erase(each.user_id, now)
                except ServiceUnavailableError as error:
                    failure = error
            after = due[-1]
        if failure is not None:
            raise failure
        return erased

    async def _list_due(self, after: DueDeletion | None, *, now: datetime, limit: int) -> Sequence[DueDeletion]:
        async with self._database.connection() as connection:
            return await deletions.list_due_users(connection, after=after, now=now, limit=limit)

    async def _erase(self, user_id: UUID, now: datetime) -> bool:
        """Delete one account, unless an operator has activated it meanwhile; return whether it was deleted.

        A bulk transaction: a user may own many thousands of rows.
        """
        event = None
        with self._database.bulk_slot():
            async with self._database.bulk_transaction() as connection:
                if await deletions.lock_due_user(connection, user_id, now=now):
                    event = await erase_account(connection, user_id)
        if event is not None:
            report(event)
        return event is not None


async def erase_account(connection: Connection, user_id: UUID) -> UserDeleted:
    """Delete a locked account and its personal data; return the recorded event."""
    event = UserDeleted(user_id=user_id)
    await erase_personal_facts(connection, user_id)
    await deletions.remove_user(connection, user_id)
    await record(connection, event)
    return event
