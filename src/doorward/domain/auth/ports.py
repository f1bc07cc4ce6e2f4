"""The ports of this domain, as Protocols. The implementations are in ``infrastructure`` and in other domains."""

from collections.abc import Callable, Hashable
from dataclasses import field
from datetime import datetime
from enum import StrEnum
from typing import Final, Literal, Protocol
from uuid import UUID

from doorward.core.events import AuditedEvent
from doorward.core.frozen import frozen
from doorward.core.principal import ClientPrincipal, Principal, SignIn, VerifiedToken
from doorward.domain.auth.callers import AnyCaller, ClientCaller
from doorward.domain.auth.repositories import Connection
from doorward.domain.auth.sessions.rotated_session import TokenAudience
from doorward.domain.auth.tokens.key_proofs import PresentedProof


def _never() -> bool:
    return False


@frozen
class Client:
    """The client for which a password is hashed. After many hashes its calls wait longer; a disconnect cancels them."""

    address: str
    has_left: Callable[[], bool] = _never


NO_CLIENT: Final = Client("")
"""The process itself is the client, as in a command."""


class ClientLeftError(Exception):
    """The client disconnected before its password was hashed. No response can reach it."""


@frozen
class PasswordCheck:
    """The outcome of a check. ``upgraded_hash`` is set when the stored hash should be replaced by it."""

    is_correct: bool
    upgraded_hash: str | None = field(default=None, repr=False)


class HashRefusal(StrEnum):
    """Why a hash of another system is not verified."""

    UNSUPPORTED = "hash_unsupported"
    """The format of the hash is unknown or malformed."""
    TOO_COSTLY = "hash_too_costly"
    """It needs more memory or more iterations than a login may use."""
    NEEDS_SIGNER_KEY = "hash_needs_signer_key"
    """Firebase made it, and the project's signer key is not set."""
    NEEDS_PACKAGE = "hash_needs_package"
    """The package that computes it is not installed."""


class HashRefusedError(Exception):
    """A hash cannot be verified here."""

    def __init__(self, refusal: HashRefusal) -> None:
        super().__init__(refusal)
        self.refusal = refusal


class PasswordHasher(Protocol):
    """Slow, salted password hashes.

    Calls wait in a queue. Their position depends on ``client`` and on ``account``: the canonical name that was typed,
    whether or not there is such an account. Raises ``ServiceUnavailableError`` when too many calls wait,
    ``TooManyHashesError`` when too many of one address do, ``ClientLeftError`` when the client has disconnected.
    """

    async def hash(self, password: str, *, client: Client = NO_CLIENT, account: str = "") -> str:
        """Return a new hash of the password."""
        ...

    async def check(
        self, password: str, stored_hash: str | None, *, client: Client = NO_CLIENT, account: str = ""
    ) -> PasswordCheck:
        """Compare a password with a stored hash. ``None``, for an unknown user, takes the same work and fails."""
        ...


class BreachesUnavailableError(Exception):
    """The breached passwords could not be looked up. ``reason`` is one of a few fixed words, for logs and metrics."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class BreachedPasswords(Protocol):
    """Passwords that leaked from other services."""

    async def contains(self, password: str) -> bool:
        """Return whether the password is one of them, within two seconds. Raises ``BreachesUnavailableError``."""
        ...


class AccessTokenSigner(Protocol):
    """Access tokens: JWTs in the profile of RFC 9068."""

    def sign(
        self,
        principal: Principal,
        sign_in: SignIn,
        now: datetime,
        audience: TokenAudience | None = None,
    ) -> str:
        """Return a token for the principal, valid from ``now`` for the configured time.

        Tokens that other services can verify state when and how the user signed in.

        Tokens for another ``audience`` are signed with its algorithm. For them ``ServiceUnavailableError`` is raised
        while there is no key of that algorithm.
        """
        ...

    @property
    def client_seconds(self) -> int:
        """Return the lifetime, in seconds, of a token for another audience."""
        ...

    def can_sign(self, now: datetime, algorithm: Literal["ES256", "RS256"] | None = None) -> bool:
        """Return whether a key can sign now: for another audience with ``algorithm``, or for this service with None."""
        ...

    async def verify_with_latest_keys(self, token: str, now: datetime) -> Principal | ClientPrincipal:
        """Return the principal of the token; do not check that its session is live. Raises ``InvalidAccessTokenError``.

        The keys are read again first if another copy of the service may have just created the token's key.
        """
        ...

    async def read_with_latest_keys(self, token: str, now: datetime) -> VerifiedToken:
        """Return the content of a valid token, for any audience. Raises as ``verify_with_latest_keys`` does."""
        ...


CountCall = Callable[[Hashable], None]
"""Counts a call against the rate limit of this key, and raises when the limit is exceeded."""


class Authentication(Protocol):
    """Identifies callers by their access tokens."""

    async def authenticate(
        self, access_token: str, count_call: CountCall, proof: PresentedProof | None = None
    ) -> AnyCaller:
        """Return the caller that an access token identifies. ``proof`` is that of the token's key (RFC 9449).

        Raises ``InvalidAccessTokenError``, ``BoundAccessTokenError`` and ``InvalidKeyProofError``.

        The call is counted once, after the token was verified: refused tokens must not use up the rate limit of their
        user. Raises what ``count_call`` raises.
        """
        ...


class ClientCallers(Protocol):
    """Finds clients that act for themselves."""

    async def caller_of(self, principal: ClientPrincipal) -> ClientCaller:
        """Return the client of a verified token, with its current scopes. Raises ``InvalidAccessTokenError``."""
        ...


class FactorResetting(Protocol):
    """Remove the second factors of a user. ``domain/mfa`` has the implementation."""

    async def reset(self, connection: Connection, user_id: UUID, *, now: datetime) -> AuditedEvent | None:
        """Remove all second factors and end all sessions. Without second factors, change nothing and return None."""
        ...
