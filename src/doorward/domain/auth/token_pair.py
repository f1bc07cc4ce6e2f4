"""Making the pair of tokens that a login and a refresh yield."""

from datetime import datetime
from typing import Final
from uuid import UUID

from doorward.core.principal import Principal
from doorward.domain.auth.models import TokenPair
from doorward.domain.auth.policy import Lifetimes
from doorward.domain.auth.ports import AccessTokenSigner
from doorward.domain.auth.refresh_token import RefreshToken, RefreshTokenCodec

ACCOUNT_SCOPE: Final = "account"
"""What a first-party login grants: acting as the user."""


class TokenPairIssuer:
    """Issues pairs. Whoever calls it has proven the user and the live session first."""

    def __init__(self, *, signer: AccessTokenSigner, codec: RefreshTokenCodec, lifetimes: Lifetimes) -> None:
        """Take what signs access tokens, what writes refresh tokens, and how long they live."""
        self._signer = signer
        self._codec = codec
        self._expires_in = int(lifetimes.access.total_seconds())

    def issue(self, *, user_id: UUID, refresh_token: RefreshToken, now: datetime) -> TokenPair:
        """Return an access token for the user in the token's family, beside that refresh token."""
        principal = Principal(user_id=user_id, session_id=refresh_token.family_id, scopes=frozenset({ACCOUNT_SCOPE}))
        return TokenPair(
            access_token=self._signer.sign(principal, now),
            refresh_token=self._codec.encode(refresh_token),
            expires_in=self._expires_in,
        )
