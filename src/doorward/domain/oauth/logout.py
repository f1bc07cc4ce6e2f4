"""Use case: read an application's request to sign out (OpenID Connect RP-Initiated Logout 1.0 section 2)."""

from doorward.core.frozen import frozen
from doorward.core.ports import Database
from doorward.domain.auth.sessions.browser_session import BrowserSession
from doorward.domain.oauth.authorization import RequestParameters
from doorward.domain.oauth.code_models import HintedSession
from doorward.domain.oauth.exceptions import InvalidLogoutError
from doorward.domain.oauth.models import OAuthClient
from doorward.domain.oauth.policy import may_be_a_client_id
from doorward.domain.oauth.ports import IdTokenSigner
from doorward.domain.oauth.redirect_uris import is_registered
from doorward.domain.oauth.repositories import Connection, clients


@frozen
class LogoutRequest:
    """A request to sign out. The browser is redirected to ``redirect_uri`` afterwards, if it is not None."""

    client: OAuthClient | None
    hint: HintedSession | None
    redirect_uri: str | None
    state: str | None

    def names_user_of(self, session: BrowserSession) -> bool:
        """Return whether the hint is about the user of this session: then the user need not confirm."""
        return self.hint is not None and self.hint.user_id == str(session.user_id)


class Logout:
    """Reads requests to sign out."""

    def __init__(self, *, database: Database[Connection], hints: IdTokenSigner) -> None:
        self._database = database
        self._hints = hints

    async def read(self, asked: RequestParameters) -> LogoutRequest:
        """Return the request.

        Raises ``InvalidLogoutError`` if the hint cannot be read or is another application's, if a parameter is
        repeated, if the client is unknown, and if the redirect URI is not registered for the client: the browser is
        never sent to an unknown address.
        """
        if asked.repeated:
            raise InvalidLogoutError
        hint_text, uri = asked.values.get("id_token_hint"), asked.values.get("post_logout_redirect_uri")
        hint = None if hint_text is None else self._hints.read_hint(hint_text)
        if hint_text is not None and hint is None:
            raise InvalidLogoutError
        client_id = asked.values.get("client_id") or (None if hint is None else hint.client_id)
        if hint is not None and hint.client_id != client_id:
            raise InvalidLogoutError
        client = None if client_id is None else await self._find(client_id)
        if uri is not None and (client is None or not is_registered(uri, client.post_logout_uris)):
            raise InvalidLogoutError
        return LogoutRequest(client, hint, uri, asked.values.get("state"))

    async def _find(self, client_id: str) -> OAuthClient:
        if not may_be_a_client_id(client_id):
            raise InvalidLogoutError
        async with self._database.connection() as connection:
            client = await clients.find_client(connection, client_id)
        if client is None:
            raise InvalidLogoutError
        return client
