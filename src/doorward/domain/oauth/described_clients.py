"""Clients that are described by a document at their id's address, from the document to the stored row.

Nothing is stored for a request: the row comes, and follows its document, when a user agrees to what the client may do.
From then on it is a client as any other: the operator can disable it, and it cannot enable itself.
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
"""The version of a client that is not what is stored of it."""


class DescribedClients:
    """Reads the documents of clients, where the operator allows them."""

    def __init__(self, documents: ClientDocuments | None) -> None:
        """Take the documents; None where no such clients are allowed."""
        self._documents = documents

    async def as_described(self, client_id: str, stored: OAuthClient | None, now: datetime) -> OAuthClient | None:
        """Return the client as its document describes it at this moment; any other as it is stored.

        Raises ``InvalidAuthorizationError`` where its host is not allowed, and ``ClientDocumentError``.
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
    """Tell whether a client is what is stored of it. Of any other, nothing was agreed to."""
    return client.version != _NOT_STORED


async def store_described_client(
    connection: Connection, client: OAuthClient, *, now: datetime
) -> ClientCreated | ClientChanged | None:
    """Store a client as its document described it; return what happened.

    With other redirect URIs, all its users are asked again. Raises ``SelfRegistrationFullError``, and
    ``InvalidAuthorizationError`` for a client that was disabled meanwhile.
    """
    client_id, content = ClientId(client.client_id), client.content()
    await clients.lock_table(connection)
    stored = await clients.lock_client(connection, client_id)
    event: ClientCreated | ClientChanged
    if stored is None:
        if await clients.count_described_clients(connection) >= MAXIMUM_DESCRIBED_CLIENTS:
            raise SelfRegistrationFullError
        await clients.add_client(connection, client_id, content, now=now)
        event = ClientCreated(user_id=None, client_id=client_id)
    else:
        if not stored.is_enabled:
            raise InvalidAuthorizationError
        if stored.content() == content:
            return None
        if stored.redirect_uris != list(content.redirect_uris):
            await consents.remove_consents_of_client(connection, client_id)
        await clients.update_client(connection, client_id, content, now=now)
        event = ClientChanged(user_id=None, client_id=client_id)
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
