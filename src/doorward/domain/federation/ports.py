"""What this domain needs of others."""

from typing import Protocol

from doorward.domain.federation.models import ForeignToken


class ForeignTokens(Protocol):
    """Tokens of the issuers that the operator trusts."""

    def issuer_of(self, token: str) -> str | None:
        """Return the trusted issuer that a token names as its own, unverified; None for all others.

        Nothing is fetched, and no key is looked at.
        """
        ...

    async def verify(self, issuer: str, token: str) -> ForeignToken:
        """Return what a valid access token of this trusted issuer says.

        A token that is bound to a key is valid, for those who show the key. Raises ``InvalidAccessTokenError``, and
        ``IssuerUnavailableError`` while the issuer's keys are not known.
        """
        ...
