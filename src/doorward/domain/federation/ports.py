"""What this domain needs of others."""

from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID

from doorward.domain.federation.login_models import LoginRequest, ProviderAnswer, VerifiedIdentity
from doorward.domain.federation.models import ForeignToken
from doorward.domain.federation.repositories import Connection


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


class LoginProvider(Protocol):
    """An OpenID provider that people sign in with."""

    @property
    def name(self) -> str:
        """What addresses call it."""
        ...

    @property
    def label(self) -> str:
        """What people call it."""
        ...

    @property
    def issuer(self) -> str:
        """What it calls itself."""
        ...

    async def address(self, request: LoginRequest, state: str) -> str:
        """Return where a browser is sent. Raises ``ProviderUnavailableError``."""
        ...

    async def identity(self, request: LoginRequest, answer: ProviderAnswer) -> VerifiedIdentity:
        """Return whom the provider has signed in.

        Raises ``InvalidProviderAnswerError``, ``ProviderDeclinedError``, and ``ProviderUnavailableError``.
        """
        ...


class IdentityNotices(Protocol):
    """Tells users by mail of changes in how they sign in."""

    async def tell(
        self,
        connection: Connection,
        user_id: UUID,
        change: Literal["identity_linked", "identity_unlinked"],
        *,
        email: str | None,
        now: datetime,
    ) -> None:
        """Queue the mail to the address that the user has at this moment, None where it is not verified."""
        ...
