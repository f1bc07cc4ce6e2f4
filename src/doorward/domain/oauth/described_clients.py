"""Clients whose id is the URL of a document that describes them.

A request alone stores nothing. The row is created, and updated from the document, when a user consents. From then on
the operator can disable and remove the client, and it cannot enable itself; all else is what its document says.
"""

import dataclasses
from datetime import datetime

from doorward.domain.audit.recording import record
from doorward.domain.oauth.document_address import is_document_address
from doorward.domain.oauth.events import ClientChanged, ClientCreated
from doorward.domain.oauth.exceptions import InvalidAuthorizationError
from doorward.domain.oauth.models import ClientContent, ClientId, OAuthClient
from doorward.domain.oauth.policy import MAXIMUM_DESCRIBED_CLIENTS
from doorward.domain.oauth.ports import ClientDocuments
from doorward.domain.oauth.registration_exceptions import ClientDocumentError, SelfRegistrationFullError
from doorward.domain.oauth.repositories import Connection, clients, consents

_NOT_STORED = 0
"""Version of a client that differs from its stored row, or has none."""


class DescribedClients:
    """Reads the documents of clients, if the operator allows such clients."""

    def __init__(self, documents: ClientDocuments | None) -> None:
        """Use ``documents``, or refuse such clients if it is None."""
        self._documents = documents

    async def resolve(self, client_id: str, stored: OAuthClient | None, now: datetime) -> OAuthClient | None:
        """Return the client as its document describes it now; return any other and any disabled client as stored.

        Raises ``InvalidAuthorizationError`` if its host is not allowed, and ``ClientDocumentError`` without a usable
        document.
        """
        if not is_document_address(client_id) or (stored is not None and not stored.is_enabled):
            return stored
        if self._documents is None or not self._documents.allows(client_id):
            raise InvalidAuthorizationError
        content = await self._documents.content_of(client_id)
        if content is None:
            raise ClientDocumentError
        if stored is not None and stored.content() == content:
            return stored
        return _with_content(client_id, stored, content, now)


def is_stored(client: OAuthClient) -> bool:
    """Return whether a client equals its stored row. Consents do not cover a client that differs from it."""
    return client.version != _NOT_STORED


async def add_or_update_described_client(
    connection: Connection, client: OAuthClient, *, now: datetime
) -> ClientCreated | ClientChanged | None:
    """Store a client as its document describes it; return the event, None if nothing has changed.

    Changed redirect URIs remove all its consents, so that its users are asked again. Raises
    ``SelfRegistrationFullError``, and ``InvalidAuthorizationError`` if the client was disabled or removed meanwhile.
    """
    client_id, content = ClientId(client.client_id), client.content()
    stored = await clients.find_client(connection, client_id)
    if stored is None:
        await clients.lock_table(connection)
        stored = await clients.find_client(connection, client_id)
        if stored is None:
            return await _add(connection, client_id, content, now=now)
    if stored.content() != content:
        # Not after the table: changes of a client also lock its row first, and could deadlock with this one.
        stored = await clients.lock_client(connection, client_id)
    if stored is None or not stored.is_enabled:
        raise InvalidAuthorizationError
    if stored.content() == content:
        return None
    if stored.redirect_uris != list(content.redirect_uris):
        await consents.remove_consents_of_client(connection, client_id)
    await clients.update_client(connection, client_id, content, now=now)
    event = ClientChanged(user_id=None, client_id=client_id)
    await record(connection, event)
    return event


async def _add(connection: Connection, client_id: ClientId, content: ClientContent, *, now: datetime) -> ClientCreated:
    if await clients.count_described_clients(connection) >= MAXIMUM_DESCRIBED_CLIENTS:
        raise SelfRegistrationFullError
    await clients.add_client(connection, client_id, content, now=now)
    event = ClientCreated(user_id=None, client_id=client_id)
    await record(connection, event)
    return event


def _with_content(client_id: str, stored: OAuthClient | None, content: ClientContent, now: datetime) -> OAuthClient:
    values = {each.name: getattr(content, each.name) for each in dataclasses.fields(content)}
    return OAuthClient(
        client_id=client_id,
        version=_NOT_STORED,
        created_at=now if stored is None else stored.created_at,
        updated_at=now,
        not_before=now if stored is None else stored.not_before,
        disabled_at=None,
        **values,
    )
