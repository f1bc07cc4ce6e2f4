"""Use case: what an application asks for when it sends a browser to sign out (RP-Initiated Logout 1.0 section 2)."""

from doorward.core.frozen import frozen
from doorward.core.ports import Database
from doorward.domain.auth.sessions.browser_session import BrowserSession
from doorward.domain.oauth.authorization import AskedParameters
from doorward.domain.oauth.code_models import HintedSession
from doorward.domain.oauth.exceptions import InvalidLogoutError
from doorward.domain.oauth.models import OAuthClient
from doorward.domain.oauth.policy import may_be_a_client_id
from doorward.domain.oauth.ports import IdTokenSigner
from doorward.domain.oauth.redirect_uris import is_registered
from doorward.domain.oauth.repositories import Connection, clients


@frozen
class LogoutRequest:
    """Who is to be signed out, and where the browser goes afterwards; None: nowhere."""

    client: OAuthClient | None
    hint: HintedSession | None
    redirect_uri: str | None
    state: str | None

    def is_certain(self, session: BrowserSession) -> bool:
        """Tell whether the application means who is signed in here: then the person need not be asked."""
        return self.hint is not None and self.hint.user_id == str(session.user_id)


class Logout:
    """Reads requests to sign out."""

    def __init__(self, *, database: Database[Connection], hints: IdTokenSigner) -> None:
        """Take the database, and what reads ID tokens."""
        self._database = database
        self._hints = hints

    async def read(self, asked: AskedParameters) -> LogoutRequest:
        """Return what is asked for.

        Raises ``InvalidLogoutError`` where a hint cannot be read or is of another application, and for an address that
        is not registered for it: the browser is sent nowhere that is not certain.
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
