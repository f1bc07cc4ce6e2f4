"""Use case: introspect an access token for a client (RFC 7662)."""

from dataclasses import replace
from typing import Literal

from doorward.core.ports import Clock
from doorward.core.principal import NO_ROLES, Principal, VerifiedToken
from doorward.domain.auth.exceptions import InvalidAccessTokenError
from doorward.domain.auth.ports import AccessTokenSigner
from doorward.domain.auth.sessions.sessions import Sessions
from doorward.domain.oauth.events import TokenIntrospected
from doorward.domain.oauth.models import ActiveToken, AuthenticatedClient
from doorward.domain.oauth.token_policy import Audiences, current_scopes
from doorward.observability.logging import report


class Introspection:
    """Answers the client of a token, and the introspection client of its audience.

    For every other client a token is inactive, so that it cannot tell whether the token exists.
    """

    def __init__(self, *, signer: AccessTokenSigner, sessions: Sessions, audiences: Audiences, clock: Clock) -> None:
        self._signer = signer
        self._sessions = sessions
        self._audiences = audiences
        self._clock = clock

    async def read(self, token: str) -> VerifiedToken | None:
        """Verify a token by its signature alone; return None for anything but a valid access token of this service.

        Refresh tokens are not introspected.
        """
        try:
            return await self._signer.read_with_latest_keys(token, self._clock.now())
        except InvalidAccessTokenError:
            return None

    async def introspect(self, asking: AuthenticatedClient, token: VerifiedToken | None) -> ActiveToken | None:
        """Return the claims of an active token that the client may see, or None.

        ``asking`` was read with the token's audience and the token's client. A token is inactive if its session has
        ended, its user is inactive, or the operator has withdrawn what it allows.
        """
        active = None
        if token is not None and _may_see(asking, token):
            scopes = current_scopes(token, asking.token_client, asking.resource, self._audiences)
            active = None if scopes is None else await self._active(token, scopes)
        answer: Literal["active", "inactive"] = "inactive" if active is None else "active"
        report(TokenIntrospected(client_id=asking.client.client_id, answer=answer))
        return active

    async def _active(self, token: VerifiedToken, scopes: frozenset[str]) -> ActiveToken | None:
        principal = token.principal
        if isinstance(principal, Principal):
            session = await self._sessions.find_live(principal)
            if session is None or session.client_id != principal.client_id:
                return None
            return replace(
                _active_token(token, str(principal.user_id), scopes),
                session_id=str(principal.session_id),
                roles=frozenset(session.roles or ()) if principal.roles else NO_ROLES,
                sign_in=session.sign_in,
            )
        return _active_token(token, principal.client_id, scopes)


def _may_see(asking: AuthenticatedClient, token: VerifiedToken) -> bool:
    asks = asking.client.client_id
    is_linked = asking.resource is not None and asking.resource.introspection_client_id == asks
    return token.principal.client_id == asks or is_linked


def _active_token(token: VerifiedToken, subject: str, scopes: frozenset[str]) -> ActiveToken:
    return ActiveToken(
        issuer=token.issuer,
        subject=subject,
        audience=token.audience,
        client_id=token.principal.client_id,
        scopes=scopes,
        token_id=token.token_id,
        issued_at=token.issued_at,
        expires_at=token.expires_at,
        thumbprint=token.principal.thumbprint,
    )
