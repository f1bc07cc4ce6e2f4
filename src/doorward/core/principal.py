"""The content of access tokens."""

import math
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from doorward.core.frozen import frozen

MAXIMUM_TOKEN_LENGTH: Final = 8192
"""Maximum characters of an access token. RS256, 50 scopes and a long audience fit in; longer tokens are refused."""

_VERIFIED_PASSKEY: Final = frozenset({"pop", "user"})
PASSKEY_LEVEL: Final = "phr"
"""The ``acr`` of a passkey that verified its user: resistant to phishing (OpenID Connect EAP ACR Values section 2)."""

NO_ROLES: Final[frozenset[str]] = frozenset()


@frozen
class Principal:
    """The content of an access token: a user, in one session of a client, with scopes (RFC 6749 section 3.3).

    ``roles`` are the user's roles when the token was issued, for other services; this service looks them up.
    ``thumbprint`` is that of the key to which the token is bound (RFC 9449 section 6).
    """

    user_id: UUID
    session_id: UUID
    client_id: str
    scopes: frozenset[str]
    roles: frozenset[str] = NO_ROLES
    thumbprint: str | None = None


@frozen
class SignIn:
    """When and how the user of a session authenticated, for other services (RFC 9068 section 2.2.1).

    ``acr`` is 1 for one kind of factor, 2 for two different kinds; ``amr`` has the methods (RFC 8176).
    """

    authenticated_at: datetime
    acr: int
    amr: tuple[str, ...]

    @property
    def has_two_factor_kinds(self) -> bool:
        """Whether more than one kind of factor was used."""
        return self.acr > 1

    @property
    def level(self) -> str:
        """The ``acr`` of tokens: ``phr`` for a passkey that verified its user, otherwise ``1`` or ``2``."""
        return PASSKEY_LEVEL if set(self.amr) >= _VERIFIED_PASSKEY else str(self.acr)

    def claims(self) -> dict[str, Any]:
        """Return the claims of a token. ``auth_time`` is in seconds since 1970, rounded down."""
        return {
            "auth_time": math.floor(self.authenticated_at.timestamp()),
            "acr": self.level,
            "amr": list(self.amr),
        }


@frozen
class ClientPrincipal:
    """The content of an access token that a client got for itself (RFC 6749 section 4.4): no user, no session."""

    client_id: str
    scopes: frozenset[str]
    audience: str
    issued_at: datetime
    token_id: str
    thumbprint: str | None = None


@frozen
class VerifiedToken:
    """An access token of this service, with a valid signature. Times are in seconds since 1970.

    ``is_for_this_service``: its audience is that of this service's own routes.
    """

    principal: Principal | ClientPrincipal
    issuer: str
    audience: str
    token_id: str
    issued_at: int
    valid_from: int
    expires_at: int
    is_for_this_service: bool
