"""What the registration of clients by themselves knows. No I/O."""

from collections.abc import Sequence
from dataclasses import field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from doorward.core.frozen import frozen
from doorward.domain.oauth.client_metadata import SelfRegistration
from doorward.domain.oauth.models import OAuthClient

INITIAL_TOKEN_PREFIX: Final = "dwi_"  # noqa: S105 - the beginning that all have
REGISTRATION_TOKEN_PREFIX: Final = "dwg_"  # noqa: S105 - as above
MAXIMUM_TOKENS: Final = 100
MAXIMUM_REGISTERED_CLIENTS: Final = 250
"""Beside those that an operator added, which they cannot crowd out."""

MOST_USES: Final = 1000
LONGEST_LIFE: Final = timedelta(days=365)
NO_USER: Final = UUID(int=0)
"""Stands in place of a user's id in the format of tokens, because these tokens belong to no user."""


@frozen
class InitialTokenContent:
    """What an operator says of an initial access token: how many clients it may register, and what they may have."""

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
    """What a client that registered itself may ask for, by the token that it came with."""

    client_id: str
    scopes: Sequence[str]
    resources: Sequence[str]

    @property
    def allowed(self) -> SelfRegistration:
        """Return the scopes and resources against which the client's metadata is checked."""
        return SelfRegistration(frozenset(self.scopes), tuple(self.resources))


@frozen
class RegisteredClient:
    """A client, and the tokens that it is told. ``secret`` is None where there is none, or it was told before."""

    client: OAuthClient
    registration_token: str = field(repr=False)
    secret: str | None = field(default=None, repr=False)
