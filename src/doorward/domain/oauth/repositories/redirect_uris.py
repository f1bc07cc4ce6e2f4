"""The column ``redirect_uris`` of the table ``oauth_clients``."""

from collections.abc import Sequence

from doorward.domain.oauth.repositories import Connection


async def list_redirect_uris(connection: Connection) -> Sequence[str]:
    """Find the redirect URIs of all enabled clients."""
    cursor = await connection.execute(
        """
        SELECT DISTINCT unnest(redirect_uris)
        FROM oauth_clients
        WHERE disabled_at IS NULL
        """
    )
    return [uri for (uri,) in await cursor.fetchall()]
