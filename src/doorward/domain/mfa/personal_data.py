"""The second factors of a user, as that user is given them: a member of the export."""

from collections.abc import AsyncGenerator
from uuid import UUID

from doorward.domain.mfa.repositories import Connection, own_factors


class FactorData:
    """The authenticator application, without its secret. Recovery codes are hashes, which say nothing."""

    member = "factors"

    async def entries(self, connection: Connection, user_id: UUID) -> AsyncGenerator[object]:
        """Return the factors."""
        for factor in await own_factors.list_totp_factors(connection, user_id):
            yield factor
