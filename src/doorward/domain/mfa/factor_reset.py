"""Use case: remove all second factors of a user who has lost them.

Administrators and operators can do that. By mail it happens only when a never verified account gets its first
verified address: someone else may have set the factors up.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from doorward.domain.audit.recording import record
from doorward.domain.auth.factors.changes import remove_kinds
from doorward.domain.auth.sessions.admission import SecondFactor
from doorward.domain.auth.sessions.own_ending import count_sessions
from doorward.domain.auth.users.stored_users import find_verified_email, lock_account
from doorward.domain.mfa.events import FactorsReset
from doorward.domain.mfa.notices import FactorNotices
from doorward.domain.mfa.ports import RemovedFactors
from doorward.domain.mfa.repositories import Connection, recovery_codes, totp_factors


class CodeFactors(RemovedFactors):
    """The second factors of this domain."""

    async def remove(self, connection: Connection, user_id: UUID) -> None:
        """Remove the application and the recovery codes of a user."""
        await totp_factors.remove_factor(connection, user_id)
        await recovery_codes.remove_codes(connection, user_id)


class FactorReset:
    """Resets a user to the password alone."""

    def __init__(self, *, factors: Sequence[RemovedFactors], notices: FactorNotices) -> None:
        self._factors = factors
        self._notices = notices

    async def reset(self, connection: Connection, user_id: UUID, *, now: datetime) -> FactorsReset | None:
        """Remove all factors of a user, end all sessions and notify the user, in the caller's transaction.

        Return the recorded event; None for a user without factors, for whom nothing changes. Raises
        ``UserNotFoundError``.
        """
        account = await lock_account(connection, user_id)
        if account.second_factor is None:
            return None
        count = await count_sessions(connection, user_id, epoch=account.session_epoch)
        for factors in self._factors:
            await factors.remove(connection, user_id)
        await remove_kinds(connection, user_id, *SecondFactor)
        event = FactorsReset(user_id=user_id, count=count)
        await record(connection, event)
        email = await find_verified_email(connection, user_id)
        await self._notices.notify(connection, user_id, "reset", email=email, now=now)
        return event
