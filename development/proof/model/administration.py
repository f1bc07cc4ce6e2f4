"""Administration in the walks: operators, who have all rights, and walkers with the rights of their roles."""

import secrets
from collections.abc import Collection, Coroutine
from typing import Any, Final
from uuid import UUID

from development.callers import caller_of
from doorward.api.services import Services
from doorward.core.exceptions import DomainError
from doorward.core.ports import Clock
from doorward.core.versions import any_version
from doorward.domain.accounts.administered import AdministeredAccounts
from doorward.domain.administration.models import OPERATOR, Actor, UserChanges
from doorward.domain.administration.roles import RoleChanges
from doorward.domain.administration.user_actions import UserActions
from doorward.domain.auth.callers import Caller
from doorward.domain.auth.login.throttling import Throttling
from doorward.domain.auth.scopes import AdminScope
from doorward.domain.auth.tokens.one_time_tokens import OneTimeTokens
from doorward.domain.mfa.factor_reset import CodeFactors, FactorReset
from doorward.domain.mfa.notices import FactorNotices
from doorward.domain.outbox.mail_queue import MailQueue
from doorward.domain.passkeys.removal import PasskeyRemoval
from doorward.infrastructure.postgres.database import PostgresDatabase
from doorward.infrastructure.sealing import AesGcmSealer

SEALING_KEY_BYTES: Final = 32


class Administration:
    """The use cases of administration. Mails are queued and not sent."""

    def __init__(
        self,
        services: Services,
        database: PostgresDatabase,
        clock: Clock,
        *,
        tokens: OneTimeTokens,
        throttling: Throttling,
    ) -> None:
        """Take the parts of the service. Use cases that need mail are created here."""
        mails = MailQueue(AesGcmSealer([secrets.token_bytes(SEALING_KEY_BYTES)]))
        self._authentication, self._users, self._roles = (
            services.authentication,
            services.administration.users,
            services.administration.roles,
        )
        self._actions = UserActions(
            database=database,
            clock=clock,
            throttling=throttling,
            accounts=AdministeredAccounts(tokens=tokens, mails=mails),
            factors=FactorReset(factors=[CodeFactors(), PasskeyRemoval()], notices=FactorNotices(mails)),
        )

    async def end_sessions(self, user_id: str) -> int:
        """End all sessions of a user; return their number."""
        return await self._actions.end_sessions(OPERATOR, UUID(user_id))

    async def deactivate(self, user_id: str) -> int:
        """Deactivate a user; return the number of sessions that ended."""
        return await self._actions.deactivate(OPERATOR, UUID(user_id))

    async def activate(self, user_id: str) -> None:
        """Activate a user."""
        await self._actions.activate(OPERATOR, UUID(user_id))

    async def unthrottle(self, user_id: str) -> None:
        """Delete the failed logins of a user."""
        await self._actions.unthrottle(OPERATOR, UUID(user_id))

    async def reset_factors(self, user_id: str) -> None:
        """Remove all second factors of a user."""
        await self._actions.reset_factors(OPERATOR, UUID(user_id))

    async def reset_password(self, user_id: str) -> bool:
        """Reset a user's password, so that it no longer signs in; return whether this succeeded."""
        return await _is_done(self._actions.reset_password(OPERATOR, UUID(user_id)))

    async def replace_email(self, user_id: str, email: str) -> None:
        """Replace a user's address."""
        await self._users.update(OPERATOR, UUID(user_id), UserChanges(email=email), any_version)

    async def schedule_deletion(self, user_id: str) -> None:
        """Schedule the deletion of a user after the grace period."""
        await self._actions.schedule_deletion(OPERATOR, UUID(user_id), any_version)

    async def erase(self, user_id: str) -> None:
        """Delete a user at once."""
        await self._actions.erase(OPERATOR, UUID(user_id), any_version)

    async def give(self, user_id: str, roles: Collection[str]) -> None:
        """Replace a user's roles."""
        await self._users.update(OPERATOR, UUID(user_id), UserChanges(roles=sorted(roles)), any_version)

    async def define(self, role: str, scopes: Collection[str]) -> None:
        """Replace the scopes of a custom role."""
        changes = RoleChanges(scopes=[AdminScope(scope) for scope in sorted(scopes)])
        await self._roles.update(OPERATOR, role, changes, any_version)

    async def end_sessions_as(self, access: str, user_id: str) -> bool:
        """End all sessions of another user, as a walker; return whether this succeeded."""
        return await self._end_sessions_as(await self._admitted(access), user_id)

    async def end_sessions_as_demoted(self, access: str, own_id: str, user_id: str) -> bool:
        """Do the same, but remove the caller's roles between the authorization and the change."""
        caller = await self._admitted(access)
        await self.give(own_id, [])
        return await self._end_sessions_as(caller, user_id)

    async def _admitted(self, access: str) -> Caller | None:
        try:
            return await caller_of(self._authentication, access)
        except DomainError:
            return None

    async def _end_sessions_as(self, caller: Caller | None, user_id: str) -> bool:
        return caller is not None and await _is_done(self._actions.end_sessions(Actor(caller), UUID(user_id)))


async def _is_done(call: Coroutine[Any, Any, object]) -> bool:
    """Return whether a call succeeded instead of refusing."""
    try:
        await call
    except DomainError:
        return False
    return True
