"""Verification of second factors: the code of an authenticator application, or a recovery code."""

from dataclasses import field
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from doorward.core.frozen import frozen
from doorward.core.ports import SealedDataError, Sealer
from doorward.domain.audit.recording import record
from doorward.domain.auth.exceptions import InvalidSecondFactorError
from doorward.domain.auth.factors.events import SecondFactorRefused
from doorward.domain.auth.factors.shown_factor import ConsumedFactor, ShownFactor
from doorward.domain.auth.sessions.admission import RECOVERY_CODE, SecondFactor
from doorward.domain.auth.users.stored_users import find_verified_email
from doorward.domain.mfa.events import RecoveryCodeUsed
from doorward.domain.mfa.exceptions import SecondFactorsUnavailableError
from doorward.domain.mfa.models import TotpFactor, sealing_context
from doorward.domain.mfa.notices import FactorNotices
from doorward.domain.mfa.policy import read_totp_code
from doorward.domain.mfa.recovery_codes import RecoveryCodeMacs
from doorward.domain.mfa.repositories import Connection, recovery_codes, totp_factors
from doorward.domain.mfa.totp import matching_step, new_secret
from doorward.observability.logging import report

ONE_TIME_PASSWORD: Final = ("otp",)
"""The ``amr`` of a code (RFC 8176 section 2)."""

_NO_USER: Final = UUID(int=0)


def _refusal(
    method: str, user_id: UUID, reason: Literal["wrong", "used", "outdated", "unreadable"]
) -> InvalidSecondFactorError:
    """Log the reason for the operator, and return the one error that does not reveal it."""
    report(SecondFactorRefused(method=method, reason=reason, target_user_id=user_id))
    return InvalidSecondFactorError()


@frozen
class _MatchedCode:
    sealed_secret: bytes = field(repr=False)
    step: int


class TotpCode(ShownFactor):
    """A typed code of an authenticator application."""

    method = SecondFactor.TOTP
    amr = ONE_TIME_PASSWORD
    is_guessable = True

    def __init__(self, typed: str, sealer: Sealer, decoy: bytes) -> None:
        """Check against ``decoy``, a sealed secret, for users without an application, so that the time is the same."""
        self._code = read_totp_code(typed) or ""
        self._sealer = sealer
        self._decoy = TotpFactor(decoy, last_step=0)
        self._matched: _MatchedCode | None = None

    async def check(self, connection: Connection, user_id: UUID, *, now: datetime) -> None:
        """Compare the code with the current ones. A code of a step that was used before is refused."""
        stored = await totp_factors.find_factor(connection, user_id)
        compared, owner = (self._decoy, _NO_USER) if stored is None else (stored, user_id)
        try:
            secret = self._sealer.open(compared.sealed_secret, context=sealing_context(owner))
        except SealedDataError as error:
            raise _refusal(self.method, user_id, "unreadable") from error
        step = matching_step(secret, self._code, now)
        if stored is None:
            raise _refusal(self.method, user_id, "outdated")
        if step is None or step <= stored.last_step:
            raise _refusal(self.method, user_id, "wrong" if step is None else "used")
        self._matched = _MatchedCode(stored.sealed_secret, step)

    async def consume(self, connection: Connection, user_id: UUID, *, now: datetime) -> ConsumedFactor:  # noqa: ARG002 - part of the Protocol
        """Store the step, so that neither its code nor an earlier one is accepted again."""
        matched = self._matched
        if matched is None or not await totp_factors.consume_step(
            connection, user_id, sealed_secret=matched.sealed_secret, step=matched.step
        ):
            raise _refusal(self.method, user_id, "used")
        return ConsumedFactor()


class RecoveryCode(ShownFactor):
    """A typed recovery code."""

    method = RECOVERY_CODE
    amr = ONE_TIME_PASSWORD
    is_guessable = False

    def __init__(self, typed: str, macs: RecoveryCodeMacs, notices: FactorNotices) -> None:
        self._typed = typed
        self._macs = macs
        self._notices = notices

    async def check(self, connection: Connection, user_id: UUID, *, now: datetime) -> None:  # noqa: ARG002 - part of the Protocol
        """Check that the user has this code. A used code is not stored any more."""
        if await recovery_codes.find_code(connection, user_id, self._macs.of_typed(self._typed, user_id)) is None:
            raise _refusal(self.method, user_id, "wrong")

    async def consume(self, connection: Connection, user_id: UUID, *, now: datetime) -> ConsumedFactor:
        """Remove the code, record its use, and notify its owner."""
        left = await recovery_codes.consume_code(connection, user_id, self._macs.of_typed(self._typed, user_id))
        if left is None:
            raise _refusal(self.method, user_id, "used")
        event = RecoveryCodeUsed(user_id=user_id, left=left)
        await record(connection, event)
        email = await find_verified_email(connection, user_id)
        await self._notices.notify(connection, user_id, "code_used", email=email, now=now)
        return ConsumedFactor((event,))


class ShownCodes:
    """Creates second factors from typed input."""

    def __init__(self, *, sealer: Sealer | None, macs: RecoveryCodeMacs, notices: FactorNotices) -> None:
        """Refuse codes of applications if ``sealer`` is None, because the optional dependency is not installed."""
        self._sealer = sealer
        self._macs = macs
        self._notices = notices
        self._decoy = b"" if sealer is None else sealer.seal(new_secret(), context=sealing_context(_NO_USER))

    def totp(self, typed: str) -> ShownFactor:
        """Return the factor for a code of an application.

        Raises ``SecondFactorsUnavailableError`` without the extra.
        """
        if self._sealer is None:
            raise SecondFactorsUnavailableError
        return TotpCode(typed, self._sealer, self._decoy)

    def recovery_code(self, typed: str) -> ShownFactor:
        """Return the factor for a recovery code."""
        return RecoveryCode(typed, self._macs, self._notices)

    def of(self, typed: str) -> ShownFactor:
        """Return the factor for typed input: six digits are a code of an application, all else is a recovery code."""
        return self.recovery_code(typed) if read_totp_code(typed) is None else self.totp(typed)
