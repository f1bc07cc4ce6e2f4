"""Issues the pair of tokens of a login or a refresh."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from doorward.core.exceptions import ServiceUnavailableError
from doorward.core.principal import NO_ROLES, Principal, SignIn
from doorward.domain.auth.models import FIRST_PARTY_CLIENT, TokenPair
from doorward.domain.auth.ports import AccessTokenSigner
from doorward.domain.auth.sessions.begin import Begun
from doorward.domain.auth.sessions.grants import Grant
from doorward.domain.auth.sessions.policy import Lifetimes
from doorward.domain.auth.sessions.rotated_session import TokenAudience
from doorward.domain.auth.tokens.refresh_token import RefreshToken, RefreshTokenCodec
from doorward.domain.keys.models import SIGNING_ALGORITHMS, SigningAlgorithm


class TokenPairIssuer:
    """Issues pairs of tokens. The caller must have verified the user and the session."""

    def __init__(
        self,
        *,
        signer: AccessTokenSigner,
        codec: RefreshTokenCodec,
        lifetimes: Lifetimes,
        audience_of_others: TokenAudience | None = None,
    ) -> None:
        """Store the dependencies. ``audience_of_others`` is this service, as the audience of applications' sessions."""
        self._audience_of_others = audience_of_others
        self._signer = signer
        self._codec = codec
        self._expires_in = int(lifetimes.access.total_seconds())

    def audience_of(self, client_id: str, audience: TokenAudience | None = None) -> TokenAudience | None:
        """Return the audience of a client's tokens; None for the service's own login."""
        return audience or (None if client_id == FIRST_PARTY_CLIENT else self._audience_of_others)

    def require_signing_key(self, audience: TokenAudience | None, now: datetime) -> None:
        """Raise ``ServiceUnavailableError`` while no access token for the audience can be signed here.

        Call it before a session begins or is rotated: after a commit without a response, the client's retry would count
        as reuse. A key may still be removed between this call and ``issue``.
        """
        if not self._signer.can_sign(now, None if audience is None else audience.algorithm):
            raise ServiceUnavailableError

    def signing_algorithms(self, now: datetime) -> list[SigningAlgorithm]:
        """Return the algorithms of other audiences whose tokens can be signed now."""
        return [algorithm for algorithm in SIGNING_ALGORITHMS if self._signer.can_sign(now, algorithm)]

    def issue_first(self, begun: Begun, *, user_id: UUID, now: datetime) -> TokenPair:
        """Return the first pair of a session that has begun."""
        return self.issue(begun.token, begun.grant, begun.sign_in, user_id=user_id, roles=begun.roles, now=now)

    def issue(
        self,
        refresh_token: RefreshToken,
        grant: Grant,
        sign_in: SignIn,
        *,
        user_id: UUID,
        roles: Collection[str] | None,
        now: datetime,
    ) -> TokenPair:
        """Return a new access token for the session of a refresh token, together with that refresh token.

        Only tokens for this service have roles; tokens for another audience have none.
        """
        audience = self.audience_of(grant.client_id, grant.audience)
        names = frozenset(roles) if roles and audience is None else NO_ROLES
        thumbprint = None if grant.binding is None else grant.binding.thumbprint
        principal = Principal(
            user_id, refresh_token.session_id, grant.client_id, frozenset(grant.scopes), names, thumbprint
        )
        return TokenPair(
            access_token=self._signer.sign(principal, sign_in, now, audience),
            refresh_token=self._codec.encode(refresh_token),
            expires_in=self._expires_in if audience is None else self._signer.client_seconds,
            scopes=principal.scopes,
            is_bound=thumbprint is not None,
        )
