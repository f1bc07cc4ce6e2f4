"""What this domain needs from outside, as Protocols. The implementations are in ``infrastructure``."""

from collections.abc import Callable, Hashable
from datetime import datetime
from enum import StrEnum
from typing import Final, Literal, Protocol

from doorward.core.frozen import frozen
from doorward.core.principal import ClientPrincipal, Principal, SignIn, VerifiedToken
from doorward.domain.auth.callers import AnyCaller, ClientCaller
from doorward.domain.auth.tokens.key_proofs import PresentedProof


def _never() -> bool:
    return False


@frozen
class Client:
    """The client for which a password is hashed. It waits longer after many hashes; after a disconnect it gets none."""

    address: str
    has_left: Callable[[], bool] = _never


NO_CLIENT: Final = Client("")
"""The process itself, as in a command."""


class ClientLeftError(Exception):
    """The client has left before its password was hashed. No answer reaches it."""


@frozen
class PasswordCheck:
    """The outcome of a check. ``upgraded_hash`` is set when the stored hash should be replaced by it."""

    is_correct: bool
    upgraded_hash: str | None = None


class HashRefusal(StrEnum):
    """Why a hash of another system is not verified."""

    UNSUPPORTED = "hash_unsupported"
    """No spelling that is known, or a malformed one."""
    TOO_COSTLY = "hash_too_costly"
    """More memory or more iterations than a login may take."""
    NEEDS_SIGNER_KEY = "hash_needs_signer_key"
    """Made by Firebase, and the project's signer key is not set."""
    NEEDS_PACKAGE = "hash_needs_package"
    """The package that computes it is not installed."""


class HashRefusedError(Exception):
    """A hash cannot be verified here."""

    def __init__(self, refusal: HashRefusal) -> None:
        super().__init__(refusal)
        self.refusal = refusal


class PasswordHasher(Protocol):
    """Slow, salted password hashes.

    Calls wait for their turn. It depends on ``client`` and on ``account``: the canonical name that was typed, whether
    or not there is such an account. Raises ``ServiceUnavailableError`` when too many calls wait,
    ``TooManyHashesError`` when too many of one address do, ``ClientLeftError`` when the client has left.
    """

    async def hash(self, password: str, *, client: Client = NO_CLIENT, account: str = "") -> str:
        """Return a new hash of the password."""
        ...

    async def check(
        self, password: str, stored_hash: str | None, *, client: Client = NO_CLIENT, account: str = ""
    ) -> PasswordCheck:
        """Compare a password to a stored hash. ``None``, for an unknown user, costs the same work and fails."""
        ...


class BreachesUnavailableError(Exception):
    """The breached passwords could not be looked up. ``reason`` is a word of a closed list, for log and metrics."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class BreachedPasswords(Protocol):
    """Passwords that leaked from other services."""

    async def contain(self, password: str) -> bool:
        """Tell whether the password is one of them. Raises ``BreachesUnavailableError``, within two seconds."""
        ...


class AccessTokenSigner(Protocol):
    """Access tokens: JWTs in the profile of RFC 9068."""

    def sign(
        self,
        principal: Principal,
        sign_in: SignIn,
        now: datetime,
        *,
        audience: str | None = None,
        algorithm: Literal["ES256", "RS256"] | None = None,
    ) -> str:
        """Return a token for the principal, valid from ``now`` for the configured time.

        Those that other services can verify say when and how the user signed in.

        Tokens for another ``audience`` are signed with the ``algorithm``; then ``ServiceUnavailableError`` is raised
        while there is no key of it.
        """
        ...

    @property
    def client_seconds(self) -> int:
        """How many seconds a token for another audience lives."""
        ...

    def can_sign(self, now: datetime, algorithm: Literal["ES256", "RS256"] | None = None) -> bool:
        """Tell whether there is a key now for tokens of another audience with the ``algorithm``; None for own ones."""
        ...

    async def verify_with_latest_keys(self, token: str, now: datetime) -> Principal | ClientPrincipal:
        """Return whom the token speaks of. Raises ``InvalidAccessTokenError``; does not know of ended sessions.

        The keys are read again first where another copy of the service may have made the token's a moment ago.
        """
        ...

    async def read_with_latest_keys(self, token: str, now: datetime) -> VerifiedToken:
        """Return the content of a valid token, for whichever audience. Raises as ``verify_with_latest_keys`` does."""
        ...


CountCall = Callable[[Hashable], None]
"""Counts a call for the caller of this key, and raises when that caller has too many."""


class Authentication(Protocol):
    """Tells who is calling."""

    async def authenticate(
        self, access_token: str, count_call: CountCall, proof: PresentedProof | None = None
    ) -> AnyCaller:
        """Return the caller that an access token speaks of. ``proof`` is of the key that it is bound to (RFC 9449).

        Raises ``InvalidAccessTokenError``, ``BoundAccessTokenError`` and ``InvalidKeyProofError``.

        The call is counted once, not before the token is known to be good: what is refused must not use up what its
        user may have. Raises what ``count_call`` raises.
        """
        ...


class ClientCallers(Protocol):
    """Clients that call for themselves."""

    async def caller_of(self, principal: ClientPrincipal) -> ClientCaller:
        """Return the client of a verified token, with what it may do now. Raises ``InvalidAccessTokenError``."""
        ...
