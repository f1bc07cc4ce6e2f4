"""Use cases of administrators: create, list and delete resources, the audiences of clients' tokens (RFC 8707)."""

from collections.abc import Collection, Sequence
from typing import Final
from uuid import UUID, uuid4

from doorward.core.ports import Clock, Database
from doorward.domain.audit.recording import record
from doorward.domain.auth.callers import Caller
from doorward.domain.oauth.events import ResourceChanged
from doorward.domain.oauth.exceptions import (
    BuiltInResourceError,
    ResourceExistsError,
    ResourceNotFoundError,
    TooManyResourcesError,
    UnknownIntrospectionClientError,
    UnknownResourceError,
)
from doorward.domain.oauth.models import Resource, ResourceContent
from doorward.domain.oauth.policy import (
    MAXIMUM_RESOURCES,
    checked_built_in,
    checked_resource,
    is_resource_identifier,
    may_be_a_client_id,
)
from doorward.domain.oauth.ports import AdministratorLock
from doorward.domain.oauth.repositories import Connection, clients, resources
from doorward.observability.logging import report


class Resources:
    """Use cases of resources. Each change also raises what ``AdministratorLock`` raises.

    The issuer and the audience of the service's own tokens are built-in resources that need no row. A row of one of
    them only names the client that may introspect its tokens.
    """

    def __init__(
        self,
        *,
        database: Database[Connection],
        clock: Clock,
        lock_administrator: AdministratorLock,
        built_in_resources: Collection[str],
    ) -> None:
        self._database = database
        self._clock = clock
        self._lock_administrator = lock_administrator
        self.built_in: Final = tuple(sorted(built_in_resources))

    async def create(self, caller: Caller | None, content: ResourceContent) -> Resource:
        """Store a resource; return it.

        Raises what ``checked_resource`` raises, ``BuiltInResourceError``, ``ResourceExistsError``,
        ``UnknownIntrospectionClientError``, ``TooManyResourcesError``.
        """
        is_built_in = content.identifier in self.built_in
        content, resource_id = checked_built_in(content) if is_built_in else checked_resource(content), uuid4()
        event = ResourceChanged(user_id=None, resource_id=resource_id, change="created")
        async with self._database.transaction() as connection:
            now = self._clock.now()
            await self._lock_administrator(connection, caller, now=now)
            # In this order because the removal of a client also locks its row first: otherwise they can deadlock.
            if content.introspection_client_id is not None:
                await _lock_introspection_client(connection, content.introspection_client_id)
            await resources.lock_table(connection)
            if await resources.count_resources(connection) >= MAXIMUM_RESOURCES:
                raise TooManyResourcesError
            resource = await resources.add_resource(connection, resource_id, content, now=now)
            if resource is None:
                raise ResourceExistsError
            await record(connection, event)
        report(event)
        return resource

    async def list(self) -> Sequence[Resource]:
        """Return the stored resources, ordered by identifier."""
        async with self._database.connection() as connection:
            return await resources.list_resources(connection)

    async def delete(self, caller: Caller | None, resource_id: UUID) -> None:
        """Delete a resource. No more tokens are issued for it, even if clients still have it in their list.

        Raises ``ResourceNotFoundError``.
        """
        event = ResourceChanged(user_id=None, resource_id=resource_id, change="removed")
        async with self._database.transaction() as connection:
            await self._lock_administrator(connection, caller, now=self._clock.now())
            if not await resources.remove_resource(connection, resource_id):
                raise ResourceNotFoundError
            await record(connection, event)
        report(event)

    async def delete_by_identifier(self, caller: Caller | None, identifier: str) -> None:
        """Delete the resource of an identifier. Raises ``BuiltInResourceError``, ``ResourceNotFoundError``."""
        found = [each.id for each in await self.list() if each.identifier == identifier]
        if not found:
            raise BuiltInResourceError if identifier in self.built_in else ResourceNotFoundError
        await self.delete(caller, found[0])


async def require_known_resources(
    connection: Connection, identifiers: Collection[str], *, built_in: Collection[str]
) -> None:
    """Raise ``UnknownResourceError`` unless each identifier is built in or is that of a stored resource."""
    others = set(identifiers) - set(built_in)
    if not all(map(is_resource_identifier, others)):
        raise UnknownResourceError
    if others and not others <= set(await resources.list_known_identifiers(connection, others)):
        raise UnknownResourceError


async def _lock_introspection_client(connection: Connection, client_id: str) -> None:
    """Lock the client, so that it is not removed before the resource names it."""
    client = await clients.lock_client(connection, client_id) if may_be_a_client_id(client_id) else None
    if client is None or not client.is_confidential:
        raise UnknownIntrospectionClientError
