"""Look-ups of the authorization endpoint: the client, the resource, and the consent of the user."""

from collections.abc import Sequence
from uuid import UUID

from doorward.core.frozen import frozen
from doorward.core.ports import Batching, Clock, Database
from doorward.domain.oauth.described_clients import DescribedClients, is_stored
from doorward.domain.oauth.exceptions import InvalidAuthorizationError
from doorward.domain.oauth.policy import is_resource_identifier, may_be_a_client_id
from doorward.domain.oauth.repositories import Connection
from doorward.domain.oauth.repositories.requested_applications import RequestedApplication, list_requested_applications


@frozen
class _Asked:
    client_id: str
    identifier: str | None
    user_id: UUID | None


class ApplicationLookups:
    """Finds client, resource and consent of a request. Concurrent look-ups share a statement."""

    def __init__(
        self, *, database: Database[Connection], batching: Batching, clock: Clock, described: DescribedClients
    ) -> None:
        self._database = database
        self._lookups = batching("application_lookups", self._look_up)
        self._clock = clock
        self._described = described

    async def get(self, client_id: str | None, identifier: str | None, user_id: UUID | None) -> RequestedApplication:
        """Return the client of this id, the resource of the identifier, and the scopes that the user has granted.

        Raises ``InvalidAuthorizationError`` for an invalid id, and what ``DescribedClients.resolve`` raises.
        """
        if client_id is None or not may_be_a_client_id(client_id):
            raise InvalidAuthorizationError
        if identifier is not None and not is_resource_identifier(identifier):
            identifier = None
        found = await self._lookups.ask(_Asked(client_id, identifier, user_id))
        client = await self._described.resolve(client_id, found.client, self._clock.now())
        # Consents cover the stored client only.
        granted = found.granted if client is not None and is_stored(client) else ()
        return RequestedApplication(client, found.resource, granted)

    async def _look_up(self, asked: Sequence[_Asked]) -> Sequence[RequestedApplication]:
        client_ids, user_ids = [each.client_id for each in asked], [each.user_id for each in asked]
        identifiers = [each.identifier for each in asked]
        async with self._database.connection() as connection:
            return await list_requested_applications(connection, client_ids, identifiers, user_ids)
