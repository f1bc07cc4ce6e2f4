"""Clients that call the API with their own access tokens."""

from collections.abc import Sequence

from doorward.core.ports import Batching, Database
from doorward.core.principal import ClientPrincipal
from doorward.domain.auth.callers import ClientCaller
from doorward.domain.auth.exceptions import InvalidAccessTokenError
from doorward.domain.oauth.models import ClientStatus
from doorward.domain.oauth.repositories import Connection, clients
from doorward.domain.oauth.token_policy import scopes_of_token
from doorward.observability.request_context import bind_client


class ClientCallers:
    """Looks up what a client may do now, on every call. Concurrent look-ups share a statement."""

    def __init__(self, *, database: Database[Connection], batching: Batching) -> None:
        self._database = database
        self._lookups = batching("caller_lookups", self._look_up)

    async def caller_of(self, principal: ClientPrincipal) -> ClientCaller:
        """Return the client of a verified token, with those of the token's scopes that the client still has.

        Raises ``InvalidAccessTokenError`` for a removed or disabled client, and for a token that was issued before the
        client was enabled again.
        """
        bind_client(principal.client_id)
        scopes = await self.scopes_of(principal)
        if scopes is None:
            raise InvalidAccessTokenError
        return ClientCaller(principal.client_id, scopes)

    async def scopes_of(self, principal: ClientPrincipal) -> frozenset[str] | None:
        """Return the scopes that a verified token of a client allows now; None if the token is no longer valid."""
        return scopes_of_token(principal, await self._lookups.ask(principal.client_id))

    async def _look_up(self, client_ids: Sequence[str]) -> Sequence[ClientStatus | None]:
        async with self._database.connection() as connection:
            found = await clients.list_client_statuses(connection, list(set(client_ids)))
        status_of = {status.client_id: status for status in found}
        return [status_of.get(client_id) for client_id in client_ids]
