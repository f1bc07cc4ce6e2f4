"""The ports of this domain, as Protocols."""

from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID

from doorward.domain.federation.login_models import LoginRequest, ProviderAnswer, VerifiedIdentity
from doorward.domain.federation.models import ForeignToken
from doorward.domain.federation.repositories import Connection


class ForeignTokens(Protocol):
    """Verifies tokens of the issuers that the operator trusts."""

    def issuer_of(self, token: str) -> str | None:
        """Return the trusted issuer that a token names, unverified; None for all others.

        Nothing is fetched, and no signature is verified.
        """
        ...

    async def verify(self, issuer: str, token: str) -> ForeignToken:
        """Verify an access token of this trusted issuer, and return its content.

        For a token that is bound to a key, the caller must check the proof of possession. Raises
        ``InvalidAccessTokenError``, and ``IssuerUnavailableError`` while the issuer's keys are not available.
        """
        ...


class LoginProvider(Protocol):
    """An OpenID provider that users sign in with."""

    @property
    def name(self) -> str:
        """The name in URLs."""
        ...

    @property
    def label(self) -> str:
        """The name that users are shown."""
        ...

    @property
    def issuer(self) -> str:
        """The issuer identifier."""
        ...

    async def address(self, request: LoginRequest, state: str) -> str:
        """Return the URL to which the browser is redirected. Raises ``ProviderUnavailableError``."""
        ...

    async def identity(self, request: LoginRequest, answer: ProviderAnswer) -> VerifiedIdentity:
        """Return the identity that the provider has signed in.

        Raises ``InvalidProviderAnswerError``, ``ProviderDeclinedError``, and ``ProviderUnavailableError``.
        """
        ...


class IdentityNotices(Protocol):
    """Notifies users by mail of changes to their ways to sign in."""

    @property
    def requires_verified_address(self) -> bool:
        """Whether a verified address is required to link an identity. It is, if accounts can verify addresses."""
        ...

    async def notify(
        self,
        connection: Connection,
        user_id: UUID,
        change: Literal["identity_linked", "identity_unlinked"],
        *,
        email: str | None,
        now: datetime,
    ) -> None:
        """Queue the mail. ``email`` is the current address of the user, None if it is not verified."""
        ...
