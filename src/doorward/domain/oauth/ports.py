"""The ports of this domain, as Protocols."""

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from doorward.domain.auth.callers import Caller
from doorward.domain.oauth.code_models import HintedSession, IdentityToken
from doorward.domain.oauth.models import ClientContent, ClientKeySource, KeyAlgorithm, VerifiedAssertion
from doorward.domain.oauth.repositories import Connection

if TYPE_CHECKING:
    from doorward.domain.oauth.backchannel_logout import LogoutAnswer, LogoutToken


class AdministratorLock(Protocol):
    """Ensures that a caller may still administer clients when the change is made."""

    async def __call__(self, connection: Connection, caller: Caller | None, *, now: datetime) -> None:
        """Lock the caller until the transaction ends. None is an operator at a shell, who may do everything.

        Raises ``InvalidAccessTokenError`` if the caller's session has ended since authentication, and
        ``BeyondOwnScopesError`` if the caller has lost the scope since.
        """
        ...


class ClientTokenSigner(Protocol):
    """Signs the access tokens of clients themselves: JWTs in the profile of RFC 9068, signed by the key ring."""

    @property
    def client_seconds(self) -> int:
        """The lifetime of such a token in seconds."""
        ...

    def sign_client(
        self,
        client_id: str,
        scopes: Collection[str],
        audience: str,
        now: datetime,
        *,
        algorithm: KeyAlgorithm,
        thumbprint: str | None = None,
    ) -> str:
        """Return a token, bound to the key of the thumbprint if there is one.

        Raises ``ServiceUnavailableError`` while the ring has no key of the algorithm.
        """
        ...


class AssertionReader(Protocol):
    """Reads and verifies the JWTs with which clients authenticate (RFC 7523)."""

    def client_of(self, text: str) -> str | None:
        """Return the client that an assertion names, unverified; None if the text is no assertion."""
        ...

    def has_usable_key(self, jwks: str) -> bool:
        """Return whether a JWK set has a public key that can verify assertions, and no private key."""
        ...

    async def verify(
        self, text: str, client_id: str, source: ClientKeySource, now: datetime
    ) -> VerifiedAssertion | None:
        """Verify an assertion of the client and return its content; None if it is not valid.

        Raises ``ServiceUnavailableError`` while the client's keys are not available.
        """
        ...


class ClientDocuments(Protocol):
    """Fetches the documents that describe clients. Their URLs are the ids of the clients."""

    def allows(self, address: str) -> bool:
        """Return whether the operator allows clients with this address."""
        ...

    async def content_of(self, address: str) -> ClientContent | None:
        """Return the content of the client that the document describes; None if it cannot be fetched or is invalid."""
        ...


class IdTokenSigner(Protocol):
    """Signs and reads ID tokens (OpenID Connect Core section 2), with the key ring."""

    def sign_id_token(self, identity: IdentityToken, now: datetime) -> str:
        """Return a token. Raises ``ServiceUnavailableError`` while the ring has no key of the client's algorithm."""
        ...

    def read_hint(self, token: str) -> HintedSession | None:
        """Return the session in an ID token that was issued here, even if it has expired; None for any other text."""
        ...


class LogoutTokenSigner(Protocol):
    """Signs logout tokens (OpenID Connect Back-Channel Logout section 2.4), with the key ring."""

    def sign_logout_token(self, token: "LogoutToken", now: datetime) -> str:
        """Return a token. Raises ``ServiceUnavailableError`` while the ring has no key of the client's algorithm."""
        ...


class LogoutSender(Protocol):
    """Sends logout tokens to the servers of applications. It refuses internal addresses."""

    async def send(self, url: str, body: bytes) -> "LogoutAnswer":
        """Post a form once, without following redirects; return the result."""
        ...
