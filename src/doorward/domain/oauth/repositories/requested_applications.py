"""The query of the authorization endpoint: a client, a resource, and the consent of a user for the client."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from doorward.core.frozen import frozen
from doorward.domain.oauth.models import OAuthClient, ResourceContent
from doorward.domain.oauth.repositories import Connection


@frozen
class RequestedApplication:
    """A client with the requested resource. ``granted`` are the scopes that the user has granted to the client."""

    client: OAuthClient | None
    resource: ResourceContent | None = None
    granted: Collection[str] = ()


async def list_requested_applications(
    connection: Connection,
    client_ids: Sequence[str],
    identifiers: Sequence[str | None],
    user_ids: Sequence[UUID | None],
) -> Sequence[RequestedApplication]:
    """Find client, resource and consent for each position of the given lists."""
    cursor = await connection.execute(
        """
        SELECT
            oauth_clients.client_id, oauth_clients.name, oauth_clients.auth_method,
            oauth_clients.grant_types, oauth_clients.scopes, oauth_clients.resources, oauth_clients.redirect_uris,
            oauth_clients.post_logout_uris, oauth_clients.id_token_algorithm, oauth_clients.requires_pkce,
            oauth_clients.is_first_party, oauth_clients.requires_pushed_requests,
            oauth_clients.backchannel_logout_uri, oauth_clients.version, oauth_clients.created_at,
            oauth_clients.updated_at, oauth_clients.not_before, oauth_clients.disabled_at,
            oauth_resources.identifier, oauth_resources.scopes, oauth_resources.algorithm,
            oauth_resources.introspection_client_id, COALESCE(oauth_consents.scopes, '{}')
        FROM unnest(%(client_ids)s::text[], %(identifiers)s::text[], %(user_ids)s::uuid[])
            WITH ORDINALITY AS asked (client_id, identifier, user_id, position)
        LEFT JOIN oauth_clients ON oauth_clients.client_id = asked.client_id
        LEFT JOIN oauth_resources ON oauth_resources.identifier = asked.identifier
        LEFT JOIN oauth_consents
            ON oauth_consents.user_id = asked.user_id
            AND oauth_consents.client_id = asked.client_id
        ORDER BY asked.position
        """,
        {"client_ids": list(client_ids), "identifiers": list(identifiers), "user_ids": list(user_ids)},
    )
    return [_requested_application(row) for row in await cursor.fetchall()]


def _requested_application(row: Sequence[Any]) -> RequestedApplication:
    client, resource, granted = row[:18], row[18:22], row[22]
    return RequestedApplication(
        OAuthClient(*client) if client[0] is not None else None,
        ResourceContent(*resource) if resource[0] is not None else None,
        granted,
    )
