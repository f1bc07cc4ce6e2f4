"""A passkey as a second factor: after the password of a login, or to re-authenticate in a session."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from doorward.core.ports import Clock, Database
from doorward.domain.auth.callers import Caller
from doorward.domain.auth.exceptions import InvalidPendingLoginError, InvalidSecondFactorError
from doorward.domain.auth.factors.shown_factor import ConsumedFactor
from doorward.domain.auth.login.completion import SEVERAL_FACTORS
from doorward.domain.auth.login.pending_login import PendingLogins
from doorward.domain.auth.sessions.acting_session import lock_acting_session
from doorward.domain.auth.tokens.sealed_tokens import SealedKind
from doorward.domain.passkeys import repository
from doorward.domain.passkeys.challenges import Challenges
from doorward.domain.passkeys.exceptions import InvalidPasskeyError, UnknownPasskeyError
from doorward.domain.passkeys.models import AssertionResponse, Passkey, RelyingParty, RequestOptions
from doorward.domain.passkeys.policy import CEREMONY_MILLISECONDS, POSSESSION, VERIFIED_POSSESSION
from doorward.domain.passkeys.proofs import PasskeyProofs, ShownPasskey, refused
from doorward.domain.passkeys.repository import Connection

METHOD: Final = "passkey"


class PasskeyFactors:
    """Issues the options for a passkey as a second factor, and reads the responses."""

    def __init__(
        self,
        *,
        database: Database[Connection],
        clock: Clock,
        challenges: Challenges,
        proofs: PasskeyProofs,
        pending: PendingLogins,
        relying_party: RelyingParty,
    ) -> None:
        self._database = database
        self._clock = clock
        self._challenges = challenges
        self._proofs = proofs
        self._pending = pending
        self._relying_party = relying_party

    async def options_of_login(self, mfa_token: str) -> RequestOptions:
        """Return the options to complete a login whose password was right: the passkeys of its user.

        Nothing is stored. Raises ``InvalidPendingLoginError``, also for a login that was completed or is outdated: an
        old token must not reveal the passkeys that its user has now.
        """
        shown = self._pending.read(mfa_token, now=self._clock.now())
        login = shown.login
        async with self._database.connection() as connection:
            if not await self._pending.is_open(connection, shown):
                raise InvalidPendingLoginError
            passkeys = await repository.list_passkeys(connection, login.user_id)
        challenge = self._challenges.issue(
            SealedKind.PASSKEY_SECOND_FACTOR, user_id=login.user_id, epoch=login.epoch, bound_to=shown.token.nonce
        )
        return self._options(passkeys, challenge, requires_user_verification=False)

    async def options_of_session(self, caller: Caller) -> RequestOptions:
        """Return the options to re-authenticate: the passkeys of the caller's user.

        Nothing is stored. Raises ``InvalidAccessTokenError`` if the caller's session has ended meanwhile.
        """
        async with self._database.transaction() as connection:
            account = await lock_acting_session(connection, caller, now=self._clock.now())
            passkeys = await repository.list_passkeys(connection, caller.user.id)
        session = caller.session_id.bytes
        challenge = self._challenges.issue(
            SealedKind.PASSKEY_PROOF, user_id=caller.user.id, epoch=account.session_epoch, bound_to=session
        )
        return self._options(passkeys, challenge, requires_user_verification=_is_by_passkey_alone(caller))

    def shown_in_session(self, caller: Caller, response: AssertionResponse) -> "ShownPasskeyFactor":
        """Return the factor that was sent to re-authenticate."""
        return ShownPasskeyFactor(
            response,
            SealedKind.PASSKEY_PROOF,
            caller.session_id.bytes,
            self._proofs,
            requires_user_verification=_is_by_passkey_alone(caller),
        )

    def shown_in_login(self, mfa_token: str, response: AssertionResponse) -> "ShownPasskeyFactor":
        """Return the factor that was sent to complete a login. Raises ``InvalidPendingLoginError``."""
        login = self._pending.read(mfa_token, now=self._clock.now())
        kind, nonce = SealedKind.PASSKEY_SECOND_FACTOR, login.token.nonce
        return ShownPasskeyFactor(response, kind, nonce, self._proofs, requires_user_verification=False)

    def _options(
        self, passkeys: Sequence[Passkey], challenge: bytes, *, requires_user_verification: bool
    ) -> RequestOptions:
        return RequestOptions(
            challenge=challenge,
            relying_party_id=self._relying_party.id,
            allowed=[
                each
                for each in passkeys
                if each.suspended_at is None and each.relying_party_id == self._relying_party.id
            ],
            requires_user_verification=requires_user_verification,
            timeout_milliseconds=CEREMONY_MILLISECONDS,
        )


def _is_by_passkey_alone(caller: Caller) -> bool:
    """Return whether the session has only passkeys as proof: then the passkey must be both factors again."""
    return caller.amr <= {*VERIFIED_POSSESSION, SEVERAL_FACTORS}


class ShownPasskeyFactor:
    """A passkey's response, for one request: a ``ShownFactor`` of ``domain.auth``.

    User verification is not required if another factor of the user was shown before. The challenge is bound to this
    login or this session, and expires with it.
    """

    method = METHOD
    is_guessable = False

    def __init__(
        self,
        response: AssertionResponse,
        kind: SealedKind,
        bound_to: bytes,
        proofs: PasskeyProofs,
        *,
        requires_user_verification: bool,
    ) -> None:
        self._requires_user_verification = requires_user_verification
        self._response = response
        self._kind = kind
        self._bound_to = bound_to
        self._proofs = proofs
        self._shown: ShownPasskey | None = None

    @property
    def amr(self) -> tuple[str, ...]:
        """The device, and the user's PIN or biometrics if the authenticator verified them (RFC 8176)."""
        return POSSESSION if self._shown is None or not self._shown.assertion.is_user_verified else VERIFIED_POSSESSION

    async def check(self, connection: Connection, user_id: UUID, *, now: datetime) -> None:  # noqa: ARG002 - part of the Protocol
        """Verify the signature, which changes nothing. Raises ``InvalidSecondFactorError``."""
        try:
            challenge = self._proofs.read_challenge(self._response, self._kind, bound_to=self._bound_to)
            credential = await self._proofs.get(connection, self._response)
            if not credential.user_id == challenge[1].user_id == user_id:
                raise refused("user", user_id)
            self._shown = self._proofs.verify(
                self._response,
                challenge,
                credential,
                requires_user_verification=self._requires_user_verification,
            )
        except (InvalidPasskeyError, UnknownPasskeyError) as error:
            raise InvalidSecondFactorError from error

    async def consume(self, connection: Connection, user_id: UUID, *, now: datetime) -> ConsumedFactor:  # noqa: ARG002 - part of the Protocol
        """Store the use. A decreased counter is refused only after the commit, which suspends the passkey."""
        if self._shown is None:
            raise InvalidSecondFactorError
        refusal = await self._proofs.consume(connection, self._shown, now=now)
        return ConsumedFactor() if refusal is None else ConsumedFactor(refusal.events, is_accepted=False)
