"""Use cases: block a user, and restore a user's access."""

from uuid import UUID

from doorward.core.ports import Clock, Database
from doorward.core.versions import VersionTest
from doorward.domain.administration.authorization import lock_target_user
from doorward.domain.administration.events import PasswordResetForced
from doorward.domain.administration.exceptions import StaleUserError, UserNotActiveError
from doorward.domain.administration.models import Actor
from doorward.domain.administration.ports import AccountChanges
from doorward.domain.administration.repositories import Connection, users
from doorward.domain.audit.recording import record
from doorward.domain.auth.events import LoginUnthrottled
from doorward.domain.auth.login.throttling import Throttling
from doorward.domain.auth.models import EndReason
from doorward.domain.auth.ports import FactorResetting
from doorward.domain.auth.roles import keep_an_administrator
from doorward.domain.auth.scopes import AdminScope
from doorward.domain.auth.sessions.own_ending import count_sessions, end_all_sessions
from doorward.domain.auth.users.deactivation import activate_account, deactivate_account
from doorward.domain.auth.users.exceptions import UserWithoutEmailError
from doorward.domain.auth.users.stored_users import lock_account
from doorward.observability.logging import report


class UserActions:
    """Act on users whose scopes lie within those of the actor. Each method raises what ``lock_target_user`` raises."""

    def __init__(
        self,
        *,
        database: Database[Connection],
        clock: Clock,
        throttling: Throttling,
        accounts: AccountChanges,
        factors: FactorResetting,
    ) -> None:
        """Take the database, the clock, the throttling, and the changes of accounts and second factors."""
        self._database = database
        self._clock = clock
        self._throttling = throttling
        self._accounts = accounts
        self._factors = factors

    async def deactivate(self, actor: Actor, user_id: UUID) -> int:
        """Block the user's logins from now on and end all sessions; return how many were ended.

        Raises ``LastAdministratorError``.
        """
        async with self._database.transaction() as connection:
            await lock_target_user(connection, actor, user_id, AdminScope.USERS_WRITE, now=self._clock.now())
            account = await lock_account(connection, user_id)
            event = await deactivate_account(connection, account)
        report(event)
        return event.count

    async def activate(self, actor: Actor, user_id: UUID) -> None:
        """Allow the user to log in again, and cancel a scheduled deletion. Ended sessions and tokens stay ended."""
        async with self._database.transaction() as connection:
            await lock_target_user(connection, actor, user_id, AdminScope.USERS_WRITE, now=self._clock.now())
            event = await activate_account(connection, user_id)
        report(event)

    async def end_sessions(self, actor: Actor, user_id: UUID) -> int:
        """End all sessions of the user; return how many. The user can log in again at once."""
        async with self._database.transaction() as connection:
            await lock_target_user(connection, actor, user_id, AdminScope.SESSIONS_END, now=self._clock.now())
            event = await end_all_sessions(connection, user_id, reason=EndReason.OPERATOR)
        report(event)
        return event.count

    async def reset_password(self, actor: Actor, user_id: UUID) -> None:
        """Disable the user's password, end all sessions, and mail a link to set a new password.

        Raises ``UserNotActiveError``, ``UserWithoutEmailError`` and ``MailNotConfiguredError``.
        """
        now = self._clock.now()
        async with self._database.transaction() as connection:
            target, _ = await lock_target_user(connection, actor, user_id, AdminScope.PASSWORDS_RESET, now=now)
            if not target.is_active:
                raise UserNotActiveError
            if target.email is None:
                raise UserWithoutEmailError
            count = await count_sessions(connection, user_id, epoch=target.session_epoch)
            await users.end_password(connection, user_id)
            event = PasswordResetForced(user_id=user_id, count=count)
            await record(connection, event)
            await self._accounts.queue_reset_mail(connection, user_id, now=now)
        report(event)

    async def reset_factors(self, actor: Actor, user_id: UUID) -> None:
        """Remove all second factors of a user who has lost them, and end all sessions.

        The user gets a notice by mail.
        """
        now = self._clock.now()
        async with self._database.transaction() as connection:
            await lock_target_user(connection, actor, user_id, AdminScope.FACTORS_RESET, now=now)
            event = await self._factors.reset(connection, user_id, now=now)
        if event is not None:
            report(event)

    async def unthrottle(self, actor: Actor, user_id: UUID) -> None:
        """Forget the failed logins of the user, so that the next login is not delayed."""
        event = LoginUnthrottled(user_id=user_id)
        async with self._database.transaction() as connection:
            await lock_target_user(connection, actor, user_id, AdminScope.THROTTLES_RESET, now=self._clock.now())
            await self._throttling.forget_all(connection, user_id)
            await record(connection, event)
        report(event)

    async def schedule_deletion(self, actor: Actor, user_id: UUID, is_expected: VersionTest) -> None:
        """Deactivate the user until the deletion, which the user can cancel, as the user's own deletion does.

        Raises ``StaleUserError`` and ``LastAdministratorError``.
        """
        now = self._clock.now()
        async with self._database.transaction() as connection:
            await self._lock_for_deletion(connection, actor, user_id, is_expected)
            event = await self._accounts.schedule_deletion(connection, user_id, now=now)
        report(event)

    async def erase(self, actor: Actor, user_id: UUID, is_expected: VersionTest) -> None:
        """Delete the user with all data at once, in a bulk transaction: a user may own many thousands of rows.

        Raises ``StaleUserError`` and ``LastAdministratorError``.
        """
        with self._database.bulk_slot():
            async with self._database.bulk_transaction() as connection:
                await self._lock_for_deletion(connection, actor, user_id, is_expected)
                event = await self._accounts.erase(connection, user_id)
        report(event)

    async def _lock_for_deletion(
        self, connection: Connection, actor: Actor, user_id: UUID, is_expected: VersionTest
    ) -> None:
        target, _ = await lock_target_user(connection, actor, user_id, AdminScope.USERS_DELETE, now=self._clock.now())
        if not is_expected(target.version):
            raise StaleUserError
        await keep_an_administrator(connection, target)
