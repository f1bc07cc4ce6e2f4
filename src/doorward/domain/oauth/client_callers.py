"""Clients that call for themselves, by the tokens that they got."""

from collections.abc import Sequence

from doorward.core.ports import Batching, Database
from doorward.core.principal import ClientPrincipal
from doorward.domain.auth.callers import ClientCaller
from doorward.domain.auth.exceptions import InvalidAccessTokenError
from doorward.domain.oauth.models import ClientStanding
from doorward.domain.oauth.repositories import Connection, clients
from doorward.domain.oauth.token_policy import scopes_of_token
from doorward.observability.request_context import bind_client


class ClientCallers:
    """Looks up each time what a client may do at this moment; questions that arrive together share a statement."""

    def __init__(self, *, database: Database[Connection], batching: Batching) -> None:
        self._database = database
        self._lookups = batching("caller_lookups", self._look_up)

    async def caller_of(self, principal: ClientPrincipal) -> ClientCaller:
        """Return the client that a verified token speaks of, with those of the token's scopes that it still has.

        Raises ``InvalidAccessTokenError`` for a removed or disabled client, and for a token from before it was enabled
        again.
        """
        bind_client(principal.client_id)
        scopes = await self.scopes_of(principal)
        if scopes is None:
            raise InvalidAccessTokenError
        return ClientCaller(principal.client_id, scopes)

    async def scopes_of(self, principal: ClientPrincipal) -> frozenset[str] | None:
        """Return what a verified token of a client allows at this moment; None if it is dead."""
        return scopes_of_token(principal, await self._lookups.ask(principal.client_id))

    async def _look_up(self, client_ids: Sequence[str]) -> Sequence[ClientStanding | None]:
        async with self._database.connection() as connection:
            found = await clients.list_standings(connection, list(set(client_ids)))
        standing_of = {standing.client_id: standing for standing in found}
        return [standing_of.get(client_id) for client_id in client_ids]
