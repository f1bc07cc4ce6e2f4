"""The SQL of where browsers are sent back to: a column of ``oauth_clients``."""

from collections.abc import Sequence

from doorward.domain.oauth.repositories import Connection


async def list_redirect_uris(connection: Connection) -> Sequence[str]:
    """Find all addresses to which browsers are sent back by clients that are enabled."""
    cursor = await connection.execute(
        """
        SELECT DISTINCT unnest(redirect_uris)
        FROM oauth_clients
        WHERE disabled_at IS NULL
        """
    )
    return [uri for (uri,) in await cursor.fetchall()]
