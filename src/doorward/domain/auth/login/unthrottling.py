"""Use case: reset the failed attempts on an account, so that the next one is not delayed."""

from doorward.core.ports import Database
from doorward.domain.audit.recording import record
from doorward.domain.auth.events import LoginUnthrottled
from doorward.domain.auth.exceptions import UserNotFoundError
from doorward.domain.auth.login.throttling import Throttling
from doorward.domain.auth.repositories import Connection, users
from doorward.domain.auth.users.accounts import Accounts
from doorward.observability.logging import report


class Unthrottling:
    """Resets failed attempts for the operator, after attempts of others have locked an owner out."""

    def __init__(self, *, database: Database[Connection], accounts: Accounts, throttling: Throttling) -> None:
        self._database = database
        self._accounts = accounts
        self._throttling = throttling

    async def unthrottle(self, name: str) -> None:
        """Forget the failed attempts of all clients on this account. Raises ``UserNotFoundError``."""
        user = await self._accounts.get_user(name)
        event = LoginUnthrottled(user_id=user.id)
        async with self._database.transaction() as connection:
            exists = await users.lock_account(connection, user.id) is not None
            if exists:
                await self._throttling.forget_all(connection, user.id)
                await record(connection, event)
        if not exists:
            raise UserNotFoundError
        report(event)
