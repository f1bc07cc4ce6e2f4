"""What this domain needs from outside, as Protocols."""

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
    """Makes sure that a caller may still administer clients when the change is made."""

    async def __call__(self, connection: Connection, caller: Caller | None, *, now: datetime) -> None:
        """Lock the caller until the transaction ends. None is an operator at a shell, who may do everything.

        Raises ``InvalidAccessTokenError`` if the caller's session has ended since it was let in, and
        ``BeyondOwnScopesError`` if the scope was taken away since.
        """
        ...


class ClientTokenSigner(Protocol):
    """Access tokens of clients themselves: JWTs in the profile of RFC 9068, signed by the key ring."""

    @property
    def client_seconds(self) -> int:
        """How many seconds such a token lives."""
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
    """Assertions by which clients authenticate (RFC 7523): JWTs that they sign, for this issuer."""

    def client_of(self, text: str) -> str | None:
        """Return the client that an assertion names, unverified; None for what is no assertion."""
        ...

    def has_usable_key(self, jwks: str) -> bool:
        """Tell whether a JWK set has a public key that assertions can be verified with, and no private one."""
        ...

    async def verify(
        self, text: str, client_id: str, source: ClientKeySource, now: datetime
    ) -> VerifiedAssertion | None:
        """Return what a genuine assertion of the client says; None for any other.

        Raises ``ServiceUnavailableError`` while its keys are not known.
        """
        ...


class ClientDocuments(Protocol):
    """The documents by which clients describe themselves, at the addresses that are their ids."""

    def allows(self, address: str) -> bool:
        """Tell whether the operator allows clients of this address."""
        ...

    async def content_of(self, address: str) -> ClientContent | None:
        """Return what the document says of its client; None if it cannot be fetched, or says what it must not."""
        ...


class IdTokenSigner(Protocol):
    """ID tokens (OpenID Connect Core section 2), signed by the key ring."""

    def sign_id_token(self, identity: IdentityToken, now: datetime) -> str:
        """Return a token. Raises ``ServiceUnavailableError`` while the ring has no key of the client's algorithm."""
        ...

    def read_hint(self, token: str) -> HintedSession | None:
        """Return what a token says that a client got here, expired or not; None for any other text."""
        ...


class LogoutTokenSigner(Protocol):
    """Logout tokens (OpenID Connect Back-Channel Logout section 2.4), signed by the key ring."""

    def sign_logout_token(self, token: "LogoutToken", now: datetime) -> str:
        """Return a token. Raises ``ServiceUnavailableError`` while the ring has no key of the client's algorithm."""
        ...


class LogoutSender(Protocol):
    """Calls the servers of applications, and no internal address."""

    async def send(self, url: str, body: bytes) -> "LogoutAnswer":
        """Post a form once; return what became of it. Follows no redirect."""
        ...
