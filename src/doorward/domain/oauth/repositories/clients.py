"""The table ``oauth_clients``."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from psycopg.rows import class_row

from doorward.domain.oauth.models import (
    ClientContent,
    ClientStatus,
    OAuthClient,
    ResourceContent,
    StoredClient,
)
from doorward.domain.oauth.repositories import Connection


async def lock_table(connection: Connection) -> None:
    """Lock the table until the transaction ends: other transactions that write to it wait. Reads do not wait."""
    await connection.execute("LOCK TABLE oauth_clients IN SHARE ROW EXCLUSIVE MODE")


async def count_clients(connection: Connection) -> int:
    """Count all clients except those that registered themselves."""
    cursor = await connection.execute(
        """
        SELECT count(*)
        FROM oauth_clients
        WHERE NOT starts_with(client_id, 'https:')
          AND NOT starts_with(client_id, 'dwcr_')
        """
    )
    row = await cursor.fetchone()
    return int(row[0]) if row else 0


async def count_described_clients(connection: Connection) -> int:
    """Count the clients that documents describe. Their ids are the URLs of the documents."""
    cursor = await connection.execute(
        """
        SELECT count(*)
        FROM oauth_clients
        WHERE starts_with(client_id, 'https:')
        """
    )
    row = await cursor.fetchone()
    return int(row[0]) if row else 0


async def add_client(connection: Connection, client_id: str, content: ClientContent, *, now: datetime) -> None:
    """Store an enabled client."""
    await connection.execute(
        """
        INSERT INTO oauth_clients (
            client_id, name, auth_method, grant_types, scopes, resources, redirect_uris, post_logout_uris,
            id_token_algorithm, requires_pkce, is_first_party, requires_pushed_requests,
            backchannel_logout_uri, created_at, updated_at, not_before
        )
        VALUES (
            %(client_id)s, %(name)s, %(auth_method)s, %(grant_types)s, %(scopes)s, %(resources)s, %(redirect_uris)s,
            %(post_logout_uris)s, %(id_token_algorithm)s, %(requires_pkce)s, %(is_first_party)s,
            %(requires_pushed_requests)s, %(backchannel_logout_uri)s, %(now)s, %(now)s,
            date_trunc('second', %(now)s)
        )
        """,
        {
            "client_id": client_id,
            "name": content.name,
            "auth_method": content.auth_method,
            "grant_types": list(content.grant_types),
            "scopes": list(content.scopes),
            "resources": list(content.resources),
            "redirect_uris": list(content.redirect_uris),
            "post_logout_uris": list(content.post_logout_uris),
            "id_token_algorithm": content.id_token_algorithm,
            "requires_pkce": content.requires_pkce,
            "is_first_party": content.is_first_party,
            "requires_pushed_requests": content.requires_pushed_requests,
            "backchannel_logout_uri": content.backchannel_logout_uri,
            "now": now,
        },
    )


async def list_clients(connection: Connection) -> Sequence[OAuthClient]:
    """Find all clients, the oldest first."""
    async with connection.cursor(row_factory=class_row(OAuthClient)) as cursor:
        await cursor.execute(
            """
            SELECT
                client_id, name, auth_method, grant_types, scopes, resources, redirect_uris, post_logout_uris,
                id_token_algorithm, requires_pkce, is_first_party, requires_pushed_requests,
                backchannel_logout_uri, version, created_at, updated_at, not_before, disabled_at
            FROM oauth_clients
            ORDER BY created_at, client_id
            """
        )
        return await cursor.fetchall()


async def find_client(connection: Connection, client_id: str) -> OAuthClient | None:
    """Find a client."""
    async with connection.cursor(row_factory=class_row(OAuthClient)) as cursor:
        await cursor.execute(
            """
            SELECT
                client_id, name, auth_method, grant_types, scopes, resources, redirect_uris, post_logout_uris,
                id_token_algorithm, requires_pkce, is_first_party, requires_pushed_requests,
                backchannel_logout_uri, version, created_at, updated_at, not_before, disabled_at
            FROM oauth_clients
            WHERE client_id = %(client_id)s
            """,
            {"client_id": client_id},
        )
        return await cursor.fetchone()


async def list_clients_with_hashes(
    connection: Connection,
    client_ids: Sequence[str],
    identifiers: Sequence[str | None],
    token_client_ids: Sequence[str | None],
) -> Sequence[StoredClient | None]:
    """Find each client with its secrets, including expired ones, the named resource, and the client of a token.

    An unknown client is replaced by the built-in one, which callers discard: the time must not reveal the difference.
    """
    cursor = await connection.execute(
        """
        SELECT asked.position, oauth_clients.client_id, oauth_clients.name, oauth_clients.auth_method,
               oauth_clients.grant_types, oauth_clients.scopes, oauth_clients.resources, oauth_clients.redirect_uris,
               oauth_clients.post_logout_uris, oauth_clients.id_token_algorithm, oauth_clients.requires_pkce,
               oauth_clients.is_first_party, oauth_clients.requires_pushed_requests,
               oauth_clients.backchannel_logout_uri, oauth_clients.version, oauth_clients.created_at,
               oauth_clients.updated_at, oauth_clients.not_before, oauth_clients.disabled_at, COALESCE(hashes, '{}'),
               COALESCE(expirations, '{}'), oauth_resources.identifier, oauth_resources.scopes,
               oauth_resources.algorithm, oauth_resources.introspection_client_id, token_clients.client_id,
               token_clients.scopes, token_clients.resources, token_clients.not_before, token_clients.disabled_at
        FROM unnest(%(client_ids)s::text[], %(identifiers)s::text[], %(token_client_ids)s::text[])
            WITH ORDINALITY AS asked (client_id, identifier, token_client_id, position)
        JOIN oauth_clients ON oauth_clients.client_id = COALESCE(
            (SELECT known.client_id FROM oauth_clients AS known WHERE known.client_id = asked.client_id), 'doorward'
        )
        CROSS JOIN LATERAL (
            SELECT
                array_agg(secret_hash ORDER BY oauth_client_secrets.created_at, secret_hash) AS hashes,
                array_agg(expires_at ORDER BY oauth_client_secrets.created_at, secret_hash) AS expirations
            FROM oauth_client_secrets
            WHERE oauth_client_secrets.client_id = oauth_clients.client_id
        ) AS stored_secrets
        LEFT JOIN oauth_resources ON oauth_resources.identifier = asked.identifier
        LEFT JOIN oauth_clients AS token_clients ON token_clients.client_id = asked.token_client_id
        """,
        {"client_ids": list(client_ids), "identifiers": list(identifiers), "token_client_ids": list(token_client_ids)},
    )
    found = {position: _stored_client(row) for position, *row in await cursor.fetchall()}
    return [found.get(position) for position, _ in enumerate(client_ids, start=1)]


def _stored_client(row: Sequence[Any]) -> StoredClient:
    """Convert a row to a client with its secrets, and the resource and the client of a token if there are any."""
    client, (hashes, expirations), resource, token_client = row[:18], row[18:20], row[20:24], row[24:]
    return StoredClient(
        OAuthClient(*client),
        hashes,
        expirations,
        ResourceContent(*resource) if resource[0] is not None else None,
        ClientStatus(*token_client) if token_client[0] is not None else None,
    )


async def list_client_statuses(connection: Connection, client_ids: Sequence[str]) -> Sequence[ClientStatus]:
    """Find the current scopes, resources and status of clients."""
    async with connection.cursor(row_factory=class_row(ClientStatus)) as cursor:
        await cursor.execute(
            """
            SELECT client_id, scopes, resources, not_before, disabled_at
            FROM oauth_clients
            WHERE client_id = ANY(%(client_ids)s)
            """,
            {"client_ids": list(client_ids)},
        )
        return await cursor.fetchall()


async def lock_client(connection: Connection, client_id: str) -> OAuthClient | None:
    """Find a client, and lock it until the transaction ends."""
    async with connection.cursor(row_factory=class_row(OAuthClient)) as cursor:
        await cursor.execute(
            """
            SELECT
                client_id, name, auth_method, grant_types, scopes, resources, redirect_uris, post_logout_uris,
                id_token_algorithm, requires_pkce, is_first_party, requires_pushed_requests,
                backchannel_logout_uri, version, created_at, updated_at, not_before, disabled_at
            FROM oauth_clients
            WHERE client_id = %(client_id)s
            FOR UPDATE
            """,
            {"client_id": client_id},
        )
        return await cursor.fetchone()


async def update_client(connection: Connection, client_id: str, content: ClientContent, *, now: datetime) -> None:
    """Replace the content of a client, and increment its version."""
    await connection.execute(
        """
        UPDATE oauth_clients
        SET name = %(name)s,
            auth_method = %(auth_method)s,
            grant_types = %(grant_types)s,
            scopes = %(scopes)s,
            resources = %(resources)s,
            redirect_uris = %(redirect_uris)s,
            post_logout_uris = %(post_logout_uris)s,
            id_token_algorithm = %(id_token_algorithm)s,
            requires_pkce = %(requires_pkce)s,
            is_first_party = %(is_first_party)s,
            requires_pushed_requests = %(requires_pushed_requests)s,
            backchannel_logout_uri = %(backchannel_logout_uri)s,
            version = version + 1,
            updated_at = %(now)s
        WHERE client_id = %(client_id)s
        """,
        {
            "client_id": client_id,
            "name": content.name,
            "auth_method": content.auth_method,
            "grant_types": list(content.grant_types),
            "scopes": list(content.scopes),
            "resources": list(content.resources),
            "redirect_uris": list(content.redirect_uris),
            "post_logout_uris": list(content.post_logout_uris),
            "id_token_algorithm": content.id_token_algorithm,
            "requires_pkce": content.requires_pkce,
            "is_first_party": content.is_first_party,
            "requires_pushed_requests": content.requires_pushed_requests,
            "backchannel_logout_uri": content.backchannel_logout_uri,
            "now": now,
        },
    )


async def update_version(connection: Connection, client_id: str, *, now: datetime) -> None:
    """Increment the version of a client whose secrets or keys were changed."""
    await connection.execute(
        """
        UPDATE oauth_clients
        SET version = version + 1,
            updated_at = %(now)s
        WHERE client_id = %(client_id)s
        """,
        {"client_id": client_id, "now": now},
    )


async def disable_client(connection: Connection, client_id: str, *, now: datetime) -> None:
    """Disable a client from ``now`` on."""
    await connection.execute(
        """
        UPDATE oauth_clients
        SET disabled_at = %(now)s,
            version = version + 1,
            updated_at = %(now)s
        WHERE client_id = %(client_id)s
        """,
        {"client_id": client_id, "now": now},
    )


async def enable_client(connection: Connection, client_id: str, *, not_before: datetime, now: datetime) -> None:
    """Enable a client again, from ``not_before`` on."""
    await connection.execute(
        """
        UPDATE oauth_clients
        SET disabled_at = NULL,
            not_before = %(not_before)s,
            version = version + 1,
            updated_at = %(now)s
        WHERE client_id = %(client_id)s
        """,
        {"client_id": client_id, "not_before": not_before, "now": now},
    )


async def remove_client(connection: Connection, client_id: str) -> None:
    """Remove a client with its secrets."""
    await connection.execute(
        """
        DELETE FROM oauth_clients
        WHERE client_id = %(client_id)s
        """,
        {"client_id": client_id},
    )
