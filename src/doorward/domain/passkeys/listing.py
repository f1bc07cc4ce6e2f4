"""The passkeys of a user among the second factors."""

from collections.abc import Sequence
from uuid import UUID

from doorward.domain.auth.factors.listed_factor import ListedFactor, ListedFactors
from doorward.domain.passkeys.repository import Connection, list_passkeys


class ListedPasskeys(ListedFactors):
    """Lists the passkeys of a user as second factors."""

    async def list(self, connection: Connection, user_id: UUID) -> Sequence[ListedFactor]:
        """Return the passkeys of a user, the oldest first."""
        return [
            ListedFactor(each.id, "passkey", each.name, each.created_at, is_suspended=each.suspended_at is not None)
            for each in await list_passkeys(connection, user_id)
        ]
