"""Models of dynamic client registration. No I/O."""

from collections.abc import Sequence
from dataclasses import field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from doorward.core.frozen import frozen
from doorward.domain.oauth.client_metadata import AllowedRegistration
from doorward.domain.oauth.models import OAuthClient

INITIAL_TOKEN_PREFIX: Final = "dwi_"  # noqa: S105 - a public prefix
REGISTRATION_TOKEN_PREFIX: Final = "dwg_"  # noqa: S105 - as above
MAXIMUM_TOKENS: Final = 100
MAXIMUM_REGISTERED_CLIENTS: Final = 250
"""A limit of its own, so that clients that register themselves cannot use up the limit of the operator's clients."""

MAXIMUM_USES: Final = 1000
LONGEST_LIFE: Final = timedelta(days=365)
NO_USER: Final = UUID(int=0)
"""In place of a user's id in the token format, because these tokens belong to no user."""


@frozen
class InitialTokenContent:
    """The settings of an initial access token: how many clients it can register, and what they may request."""

    name: str
    scopes: tuple[str, ...]
    resources: tuple[str, ...] = ()
    uses: int = 1
    life: timedelta = timedelta(days=1)


@frozen
class InitialToken:
    """A stored initial access token, without its secret."""

    id: UUID
    name: str
    scopes: Sequence[str]
    resources: Sequence[str]
    uses_left: int
    created_at: datetime
    expires_at: datetime


@frozen
class StoredRegistration:
    """The scopes and resources that a client that registered itself may request.

    They are those of its initial access token, until the operator changes those of the client.
    """

    client_id: str
    scopes: Sequence[str]
    resources: Sequence[str]

    @property
    def allowed(self) -> AllowedRegistration:
        """Return the scopes and resources against which the client's metadata is checked."""
        return AllowedRegistration(frozenset(self.scopes), tuple(self.resources))


@frozen
class RegisteredClient:
    """A client with its registration access token. ``secret`` is None if there is none, or it was shown before."""

    client: OAuthClient
    registration_token: str = field(repr=False)
    secret: str | None = field(default=None, repr=False)
