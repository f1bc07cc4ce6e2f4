"""A session as a refresh finds it, and what the tokens of it are for. No I/O."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

from doorward.core.frozen import frozen
from doorward.core.principal import SignIn


@frozen
class TokenAudience:
    """Another service that access tokens are for, and how they are signed."""

    identifier: str
    algorithm: Literal["ES256", "RS256"]


@frozen
class RotatedSession:
    """What the next pair of tokens is issued for. ``roles`` are those of this moment; None for none.

    Of a session for another service, ``scopes`` are those that client and service have at this moment.
    """

    user_id: UUID
    client_id: str
    scopes: Sequence[str]
    roles: Sequence[str] | None
    resource: str | None
    algorithm: Literal["ES256", "RS256"] | None
    authenticated_at: datetime
    acr: int
    amr: Sequence[str]

    @property
    def sign_in(self) -> SignIn:
        """When and how its user authenticated. A refresh makes neither newer."""
        return SignIn(self.authenticated_at, self.acr, tuple(self.amr))

    @property
    def audience(self) -> TokenAudience | None:
        """The other service that its tokens are for. None also while that is none any more."""
        return TokenAudience(self.resource, self.algorithm) if self.resource and self.algorithm else None

    @property
    def is_served(self) -> bool:
        """Whether tokens can be issued: for this service, or for a resource that the client may still use."""
        return self.resource is None or (self.audience is not None and bool(self.scopes))


@frozen
class LockedSession(RotatedSession):
    """A session as it is, locked, to decide what a refresh token deserves that did not rotate it."""

    generation: int
    secret_hash: bytes
    refreshed_at: datetime
    expires_at: datetime
    has_ended: bool
    user_is_active: bool
    verified_email: str | None = None
    """The address that the user is told at, None if it is not verified."""
