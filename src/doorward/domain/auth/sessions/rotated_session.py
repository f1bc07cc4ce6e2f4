"""A session as a refresh reads it, and the audience of its tokens. No I/O."""

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
    """The session that the next pair of tokens is issued for. ``roles`` are the current ones; None for none.

    In a session for another service, ``scopes`` are only those that both client and service still have.
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
        """Return when and how the user authenticated. A refresh changes neither."""
        return SignIn(self.authenticated_at, self.acr, tuple(self.amr))

    @property
    def audience(self) -> TokenAudience | None:
        """Return the other service that its tokens are for; None for this service, or if the other is gone."""
        return TokenAudience(self.resource, self.algorithm) if self.resource and self.algorithm else None

    @property
    def is_served(self) -> bool:
        """Return whether tokens can be issued: for this service, or for a resource that the client may still use."""
        return self.resource is None or (self.audience is not None and bool(self.scopes))


@frozen
class LockedSession(RotatedSession):
    """A locked session, for the verdict on a refresh token that did not rotate it."""

    generation: int
    secret_hash: bytes
    refreshed_at: datetime
    expires_at: datetime
    has_ended: bool
    user_is_active: bool
    verified_email: str | None = None
    """The address for notices to the user; None if it is not verified."""
