"""What this domain needs from outside, as Protocols."""

from typing import Protocol

from doorward.domain.passkeys.models import (
    Assertion,
    AssertionResponse,
    CreatedCredential,
    CreationResponse,
    RelyingParty,
)


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
