"""Recovery codes: ten, shown only once. Each works once, in place of any second factor."""

import hmac
from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from doorward.core.ports import Clock, Database
from doorward.domain.audit.recording import record
from doorward.domain.auth.callers import Caller
from doorward.domain.auth.devices.recorded import AddressDetail, recorded_address
from doorward.domain.auth.factors.changes import MadeCodes
from doorward.domain.auth.sessions.acting_session import lock_acting_session
from doorward.domain.mfa.events import RecoveryCodesMade
from doorward.domain.mfa.exceptions import NoSecondFactorError
from doorward.domain.mfa.notices import FactorNotices
from doorward.domain.mfa.policy import new_recovery_codes, read_recovery_code
from doorward.domain.mfa.repositories import Connection, recovery_codes
from doorward.observability.logging import report
from doorward.observability.request_context import current_client

NO_CODE: Final = b""
"""The MAC of input that cannot be a code. It matches no stored MAC."""


class RecoveryCodeMacs:
    """Hashes codes with a key, so that a dump of the database alone does not reveal them."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        """Take keys derived for this purpose only. The first one is for new codes."""
        self._keys = keys

    def of(self, code: str, user_id: UUID) -> list[bytes]:
        """Return the MACs of a user's code under every key. The first one is for new codes."""
        return [hmac.digest(key, user_id.bytes + code.encode(), "sha256") for key in self._keys]

    def of_typed(self, typed: str, user_id: UUID) -> list[bytes]:
        """Return the MACs of typed input under every key; MACs that match nothing if it cannot be a code."""
        code = read_recovery_code(typed)
        return [NO_CODE for _ in self._keys] if code is None else self.of(code, user_id)


class RecoveryCodes:
    """Creates the recovery codes of users with a second factor."""

    def __init__(
        self,
        *,
        database: Database[Connection],
        clock: Clock,
        macs: RecoveryCodeMacs,
        notices: FactorNotices,
        address_detail: AddressDetail,
    ) -> None:
        self._database = database
        self._clock = clock
        self._macs = macs
        self._notices = notices
        self._address_detail: AddressDetail = address_detail

    async def make(self, connection: Connection, caller: Caller, *, now: datetime) -> MadeCodes:
        """Replace the codes of the caller's user, whose row is locked, in the caller's transaction."""
        codes, user_id = new_recovery_codes(), caller.user.id
        macs = [self._macs.of_typed(code, user_id)[0] for code in codes]
        await recovery_codes.replace_codes(connection, user_id, macs, now=now)
        event = RecoveryCodesMade(user_id=user_id, session_id=caller.session_id, count=len(codes))
        await record(connection, event, address=recorded_address(current_client(), self._address_detail))
        return MadeCodes(codes, event)

    async def remove(self, connection: Connection, user_id: UUID) -> None:
        """Remove all codes of a user, in the transaction that removes the last factor."""
        await recovery_codes.remove_codes(connection, user_id)

    async def make_again(self, caller: Caller) -> Sequence[str]:
        """Replace the codes of the caller's user, committed when this returns. The previous codes are refused.

        Raises ``NoSecondFactorError``, and ``InvalidAccessTokenError`` if the caller's session has ended meanwhile.
        """
        now, user_id = self._clock.now(), caller.user.id
        async with self._database.transaction() as connection:
            account = await lock_acting_session(connection, caller, now=now)
            if account.second_factor is None:
                raise NoSecondFactorError
            made = await self.make(connection, caller, now=now)
            email = caller.user.email if account.is_verified else None
            await self._notices.notify(connection, user_id, "codes_made", email=email, now=now)
        report(made.event)
        return made.codes
