"""What this domain needs from outside, as Protocols. The implementations are in ``infrastructure``."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from doorward.core.principal import Principal


@dataclass(frozen=True, slots=True)
class PasswordCheck:
    """The outcome of a check. ``upgraded_hash`` is set when the stored hash should be replaced by it."""

    is_correct: bool
    upgraded_hash: str | None = None


class PasswordHasher(Protocol):
    """Slow, salted password hashes. Raises ``ServiceUnavailableError`` when too many calls are waiting."""

    async def hash(self, password: str) -> str:
        """Return a new hash of the password."""
        ...

    async def check(self, password: str, stored_hash: str | None) -> PasswordCheck:
        """Compare a password to a stored hash. ``None``, for an unknown user, costs the same work and fails."""
        ...


class AccessTokenSigner(Protocol):
    """Access tokens: JWTs in the profile of RFC 9068."""

    def sign(self, principal: Principal, now: datetime) -> str:
        """Return a token for the principal, valid from ``now`` for the configured time."""
        ...

    def verify(self, token: str, now: datetime) -> Principal:
        """Return whom the token speaks of. Raises ``InvalidAccessTokenError``; does not know of ended sessions."""
        ...
