"""Use cases: deactivate a user, and activate one again."""

from typing import Final
from uuid import UUID

from doorward.core.ports import Database
from doorward.domain.audit.recording import record
from doorward.domain.auth.events import UserActivated, UserDeactivated
from doorward.domain.auth.exceptions import UserNotFoundError
from doorward.domain.auth.models import LockedAccount
from doorward.domain.auth.repositories import Connection, one_time_tokens, own_sessions, users
from doorward.domain.auth.roles import keep_an_administrator
from doorward.domain.auth.sessions.acting_session import lock_account
from doorward.domain.auth.users.accounts import Accounts
from doorward.observability.logging import report

MAXIMUM_COUNTED_SESSIONS: Final = 100_000
"""Maximum number of sessions that are counted. Counting more would take longer than a deactivation may."""


async def deactivate_account(connection: Connection, account: LockedAccount) -> UserDeactivated:
    """Deactivate an account, whose row is locked, and end its sessions and tokens; record the event and return it.

    Raises ``LastAdministratorError``.
    """
    await keep_an_administrator(connection, account)
    user_id, epoch = account.user_id, account.session_epoch
    count = await own_sessions.count_unended_sessions(connection, user_id, epoch=epoch, limit=MAXIMUM_COUNTED_SESSIONS)
    await users.deactivate_user(connection, user_id)
    await one_time_tokens.remove_tokens_of_user(connection, user_id)
    event = UserDeactivated(user_id=user_id, count=count)
    await record(connection, event)
    return event


async def activate_account(connection: Connection, user_id: UUID) -> UserActivated | None:
    """Activate an account, and cancel its deletion; record the event and return it. None for an unknown account."""
    if not await users.activate_user(connection, user_id):
        return None
    event = UserActivated(user_id=user_id)
    await record(connection, event)
    return event


class Deactivation:
    """Deactivates and activates users for an operator, for example after an account was taken over."""

    def __init__(self, *, database: Database[Connection], accounts: Accounts) -> None:
        self._database = database
        self._accounts = accounts

    async def deactivate(self, name: str) -> int:
        """Refuse further logins of the user and end all sessions for good; return how many were ended.

        At most ``MAXIMUM_COUNTED_SESSIONS`` are counted. From the next request on, no token of the user works,
        including access tokens and mailed links, and none works again after ``activate``. Raises ``UserNotFoundError``
        and ``LastAdministratorError``.
        """
        user = await self._accounts.get_user(name)
        async with self._database.transaction() as connection:
            # The lock waits for logins in progress, so that their sessions are among those that end.
            event = await deactivate_account(connection, await lock_account(connection, user.id))
        report(event)
        return event.count

    async def activate(self, name: str) -> None:
        """Allow logins of the user again. Ended sessions stay ended; a scheduled deletion is cancelled.

        Raises ``UserNotFoundError``.
        """
        user = await self._accounts.get_user(name)
        async with self._database.transaction() as connection:
            event = await activate_account(connection, user.id)
        if event is None:
            raise UserNotFoundError
        report(event)
