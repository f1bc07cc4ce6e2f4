"""What this domain needs from outside, as Protocols."""

from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID

from doorward.domain.auth.callers import Caller
from doorward.domain.auth.factors.changes import MadeCodes
from doorward.domain.passkeys.models import (
    Assertion,
    AssertionResponse,
    CreatedCredential,
    CreationResponse,
    RelyingParty,
)
from doorward.domain.passkeys.repository import Connection


class CeremonyFailedError(Exception):
    """What an authenticator sent does not verify. The message says why, and has nothing of what was sent."""


class Ceremonies(Protocol):
    """Verifies what authenticators send (Web Authentication Level 3 sections 7.1 and 7.2).

    Both functions raise ``CeremonyFailedError``, whatever the response holds.
    """

    def verify_creation(
        self, response: CreationResponse, *, challenge: bytes, relying_party: RelyingParty
    ) -> CreatedCredential:
        """Return the credential that was made for the challenge. The user need not have been verified."""
        ...

    def verify_assertion(
        self,
        response: AssertionResponse,
        *,
        challenge: bytes,
        relying_party: RelyingParty,
        public_key: bytes,
        requires_user_verification: bool,
    ) -> Assertion:
        """Return what was signed over the challenge with the credential's key. The counter is not judged."""
        ...


class RecoveryCodes(Protocol):
    """The codes that a user with a second factor keeps for the day on which the device is lost."""

    async def make(self, connection: Connection, caller: Caller, *, now: datetime) -> MadeCodes:
        """Store new codes of the caller's user, who is locked, in place of all others, in the caller's transaction."""
        ...

    async def remove(self, connection: Connection, user_id: UUID) -> None:
        """Remove all codes of a user, in the transaction that removes the last factor."""
        ...


class FactorNotices(Protocol):
    """Tells users by mail what happened to their second factors."""

    @property
    def needs_verified_address(self) -> bool:
        """Whether accounts can verify their addresses: then those that have not may register no passkey."""
        ...

    async def tell(
        self,
        connection: Connection,
        user_id: UUID,
        change: Literal["passkey_added", "passkey_removed", "passkey_suspended"],
        *,
        email: str | None,
        now: datetime,
    ) -> None:
        """Queue the mail to the address that the user has at this moment, None where it is not verified."""
        ...
