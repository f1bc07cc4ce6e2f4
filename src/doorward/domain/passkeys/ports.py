"""The ports of this domain, as Protocols."""

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
    """The authenticator's response does not verify. The message gives the reason, and no part of the response."""


class Ceremonies(Protocol):
    """Verifies responses of authenticators (Web Authentication Level 3 sections 7.1 and 7.2).

    Both methods raise nothing but ``CeremonyFailedError``, whatever the response contains.
    """

    def verify_creation(
        self, response: CreationResponse, *, challenge: bytes, relying_party: RelyingParty
    ) -> CreatedCredential:
        """Return the credential that was created for the challenge. User verification is not required."""
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
        """Verify the signature of the challenge by the credential's key. The counter is not checked."""
        ...


class RecoveryCodes(Protocol):
    """The recovery codes of a user with a second factor, for the case that the device is lost."""

    async def make(self, connection: Connection, caller: Caller, *, now: datetime) -> MadeCodes:
        """Replace the codes of the caller's user, whose row is locked, in the caller's transaction."""
        ...

    async def remove(self, connection: Connection, user_id: UUID) -> None:
        """Remove all codes of a user, in the transaction that removes the last factor."""
        ...


class FactorNotices(Protocol):
    """Notifies users by mail of changes to their second factors."""

    @property
    def requires_verified_address(self) -> bool:
        """Whether a verified address is required to register a passkey. It is, if accounts can verify addresses."""
        ...

    async def notify(
        self,
        connection: Connection,
        user_id: UUID,
        change: Literal["passkey_added", "passkey_removed", "passkey_suspended"],
        *,
        email: str | None,
        now: datetime,
    ) -> None:
        """Queue the mail. ``email`` is the current address of the user, None if it is not verified."""
        ...
