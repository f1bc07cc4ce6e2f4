"""Use cases of pushed authorization requests (RFC 9126): a client sends its request ahead, and a browser opens it."""

import hashlib
from collections.abc import Mapping
from datetime import timedelta
from typing import Final
from uuid import UUID

from doorward.core.frozen import frozen
from doorward.core.ports import Clock, Database
from doorward.domain.auth.tokens.opaque_token import RowToken, RowTokenCodec
from doorward.domain.oauth.authorization_events import AuthorizationPushed, AuthorizationRefused
from doorward.domain.oauth.authorization_request import PUSHED_PREFIX, RefusedAuthorization, read_authorization
from doorward.domain.oauth.models import OAuthClient, ResourceContent
from doorward.domain.oauth.policy import may_be_a_client_id
from doorward.domain.oauth.repositories import Connection, pushed_requests
from doorward.domain.oauth.token_policy import Audiences
from doorward.observability.logging import report

REQUEST_PREFIX: Final = "dwp_"
LIFETIME: Final = timedelta(seconds=60)
"""How long a request waits for the first browser."""

LIFETIME_IN_BROWSER: Final = timedelta(minutes=30)
"""How long it lives after a browser first opened it: the time that a user has to sign in."""


@frozen
class OpenedRequest:
    """An opened request. It is consumed together with the issue of its code."""

    id: UUID
    parameters: Mapping[str, str]


class PushedRequests:
    """Stores authorization requests, and binds each to the first browser that opens it."""

    def __init__(
        self, *, database: Database[Connection], clock: Clock, codec: RowTokenCodec, audiences: Audiences
    ) -> None:
        self._database = database
        self._clock = clock
        self._codec = codec
        self._audiences = audiences

    async def push(
        self, client: OAuthClient, parameters: Mapping[str, str], resource: ResourceContent | None
    ) -> str | RefusedAuthorization:
        """Store a request; return the ``request_uri`` with which a browser opens it, or the refusal.

        Everything that does not depend on the user is checked now. ``resource`` is the stored resource that the request
        names. Raises ``InvalidAuthorizationError`` for a redirect URI that is not registered for the client.
        """
        request = read_authorization(parameters, (), client, resource, self._audiences, is_pushed=True)
        if isinstance(request, RefusedAuthorization):
            report(AuthorizationRefused(client_id=client.client_id, reason=request.error))
            return request
        token, expires_at = RowToken.new(), self._clock.now() + LIFETIME
        async with self._database.connection() as connection:
            await pushed_requests.add_pushed_request(
                connection, token, client.client_id, parameters, expires_at=expires_at
            )
        report(AuthorizationPushed(client_id=client.client_id))
        return f"{PUSHED_PREFIX}{self._codec.encode(token)}"

    async def open(self, request_uri: str, client_id: str, browser: str) -> OpenedRequest | None:
        """Open a request of the client; return None if it does not exist, has expired or is bound to another browser.

        ``browser`` is the secret that identifies the browser. The request is bound to the first browser that opens it.
        """
        token = self._codec.decode(request_uri.removeprefix(PUSHED_PREFIX))
        if token is None or not browser or not may_be_a_client_id(client_id):
            return None
        now = self._clock.now()
        async with self._database.connection() as connection:
            parameters = await pushed_requests.update_browser(
                connection,
                token,
                client_id,
                hashlib.sha256(browser.encode("utf-8", "surrogatepass")).digest(),
                now=now,
                visited_until=now + LIFETIME_IN_BROWSER,
            )
        return None if parameters is None else OpenedRequest(token.id, parameters)
