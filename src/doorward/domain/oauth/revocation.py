"""Use case: a client ends the session that one of its tokens belongs to (RFC 7009)."""

from doorward.core.ports import Clock
from doorward.core.principal import ClientPrincipal
from doorward.domain.auth.exceptions import InvalidAccessTokenError
from doorward.domain.auth.ports import AccessTokenSigner
from doorward.domain.auth.sessions.sessions import Sessions
from doorward.domain.auth.tokens.refresh_token import PREFIX as REFRESH_TOKEN_PREFIX
from doorward.domain.oauth.exceptions import ClientTokenNotRevocableError
from doorward.domain.oauth.models import OAuthClient


class Revocation:
    """Ends sessions of the calling client. Tokens that are unknown, no longer valid or another client's are ignored."""

    def __init__(self, *, signer: AccessTokenSigner, sessions: Sessions, clock: Clock) -> None:
        self._signer = signer
        self._sessions = sessions
        self._clock = clock

    async def revoke(self, client: OAuthClient, token: str) -> None:
        """End the session of a refresh token or an access token of the client.

        Raises ``ClientTokenNotRevocableError`` for a client's own access token, and ``ServiceUnavailableError`` if
        PostgreSQL did not confirm that the session has ended.
        """
        if token.startswith(REFRESH_TOKEN_PREFIX):
            await self._sessions.revoke(token, client_id=client.client_id)
            return
        if await self._is_of_client_itself(client, token):
            raise ClientTokenNotRevocableError
        await self._sessions.revoke_access_token(token, client_id=client.client_id)

    async def _is_of_client_itself(self, client: OAuthClient, token: str) -> bool:
        try:
            principal = (await self._signer.read_with_latest_keys(token, self._clock.now())).principal
        except InvalidAccessTokenError:
            return False
        return isinstance(principal, ClientPrincipal) and principal.client_id == client.client_id
