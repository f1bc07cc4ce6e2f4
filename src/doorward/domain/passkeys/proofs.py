"""Verification of passkeys, shared by login, second factor and re-authentication."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from doorward.core.events import Event
from doorward.core.frozen import frozen
from doorward.domain.audit.recording import record
from doorward.domain.auth.tokens.sealed_tokens import SealedKind, SealedToken
from doorward.domain.auth.users.stored_users import find_verified_email
from doorward.domain.passkeys import repository
from doorward.domain.passkeys.challenges import UNBOUND, ChallengeRefusedError, Challenges
from doorward.domain.passkeys.events import PasskeyRefused, PasskeySuspended
from doorward.domain.passkeys.exceptions import InvalidPasskeyError, UnknownPasskeyError
from doorward.domain.passkeys.models import Assertion, AssertionResponse, RelyingParty, StoredCredential
from doorward.domain.passkeys.ports import Ceremonies, CeremonyFailedError, FactorNotices
from doorward.domain.passkeys.repository import Connection
from doorward.observability.logging import report


@frozen
class ShownPasskey:
    """A passkey with a valid signature. Its challenge and its counter are not consumed yet."""

    credential: StoredCredential
    assertion: Assertion
    token: SealedToken


@frozen
class RefusedUse:
    """A valid signature that is not accepted. The caller commits the changes, then reports the events."""

    events: tuple[Event, ...]

    def reported(self) -> InvalidPasskeyError:
        """Report the events, and return the error that does not reveal the reason."""
        for event in self.events:
            report(event)
        return InvalidPasskeyError()


class PasskeyProofs:
    """Verifies signatures, and consumes challenges and counters."""

    def __init__(
        self, *, challenges: Challenges, ceremonies: Ceremonies, relying_party: RelyingParty, notices: FactorNotices
    ) -> None:
        self._challenges = challenges
        self._ceremonies = ceremonies
        self._relying_party = relying_party
        self._notices = notices

    def read_challenge(
        self, response: AssertionResponse, kind: SealedKind, *, bound_to: bytes = UNBOUND
    ) -> tuple[bytes, SealedToken]:
        """Return the signed challenge. Raises ``InvalidPasskeyError``, without a query."""
        try:
            return self._challenges.read(response.client_data, kind, bound_to=bound_to)
        except ChallengeRefusedError as error:
            report(PasskeyRefused(reason="challenge"))
            raise InvalidPasskeyError from error

    async def get(self, connection: Connection, response: AssertionResponse) -> StoredCredential:
        """Return the passkey with the credential id of the response. Raises ``UnknownPasskeyError``."""
        credential = await repository.find_credential(connection, response.credential_id)
        if credential is None:
            report(PasskeyRefused(reason="unknown"))
            raise UnknownPasskeyError
        return credential

    def verify(
        self,
        response: AssertionResponse,
        challenge: tuple[bytes, SealedToken],
        credential: StoredCredential,
        *,
        requires_user_verification: bool,
    ) -> ShownPasskey:
        """Return the passkey if its signature is valid and it may be used. Raises ``InvalidPasskeyError``."""
        text, token = challenge
        reason = self._refusal_of(credential, response)
        if reason is not None:
            raise refused(reason, credential.user_id)
        try:
            assertion = self._ceremonies.verify_assertion(
                response,
                challenge=text,
                relying_party=self._relying_party,
                public_key=credential.public_key,
                requires_user_verification=requires_user_verification,
            )
        except CeremonyFailedError as error:
            raise refused("response", credential.user_id) from error
        if assertion.is_backup_eligible != credential.is_backup_eligible:
            # Web Authentication Level 3 section 7.2: backup eligibility of a credential never changes.
            raise refused("response", credential.user_id)
        return ShownPasskey(credential, assertion, token)

    async def consume(self, connection: Connection, shown: ShownPasskey, *, now: datetime) -> RefusedUse | None:
        """Consume the challenge and store the use, in the caller's transaction, which has locked the user.

        Return the refusal, None for an accepted passkey. The caller commits in either case: a counter that decreased
        has suspended the passkey. A signature that is sent a second time suspends nothing, because its challenge was
        used. Nor does one that another has overtaken, as from a second tab: its challenge is older than the last use.
        """
        credential, assertion = shown.credential, shown.assertion
        if not await self._challenges.consume(connection, shown.token):
            return RefusedUse((PasskeyRefused(reason="repeated", target_user_id=credential.user_id),))
        is_used = await repository.update_use(
            connection,
            credential.user_id,
            credential.id,
            sign_count=assertion.sign_count,
            is_backed_up=assertion.is_backed_up,
            now=now,
        )
        if is_used:
            return None
        if await repository.update_suspension(
            connection,
            credential.user_id,
            credential.id,
            sign_count=assertion.sign_count,
            challenged_at=shown.token.issued_at,
            now=now,
        ):
            event = PasskeySuspended(user_id=credential.user_id, passkey_id=credential.id)
            await record(connection, event)
            email = await find_verified_email(connection, credential.user_id)
            await self._notices.notify(connection, credential.user_id, "passkey_suspended", email=email, now=now)
            return RefusedUse((event, PasskeyRefused(reason="counter", target_user_id=credential.user_id)))
        return RefusedUse((PasskeyRefused(reason="overtaken", target_user_id=credential.user_id),))

    def _refusal_of(
        self, credential: StoredCredential, response: AssertionResponse
    ) -> Literal["relying_party", "suspended", "user"] | None:
        if credential.relying_party_id != self._relying_party.id:
            return "relying_party"
        if credential.is_suspended:
            return "suspended"
        if response.user_handle is not None and response.user_handle != credential.user_id.bytes:
            return "user"
        return None


def refused(
    reason: Literal["relying_party", "suspended", "user", "response", "account"], user_id: UUID
) -> InvalidPasskeyError:
    """Log the reason for the operator, and return the error that does not reveal it."""
    report(PasskeyRefused(reason=reason, target_user_id=user_id))
    return InvalidPasskeyError()
