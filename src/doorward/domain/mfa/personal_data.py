"""The second factors of a user: a member of the data export."""

from collections.abc import AsyncGenerator
from uuid import UUID

from doorward.domain.mfa.repositories import Connection, own_factors


class FactorData:
    """Exports the authenticator application, without its secret. Recovery codes are only hashes, and left out."""

    member = "factors"

    async def entries(self, connection: Connection, user_id: UUID) -> AsyncGenerator[object]:
        """Return the factors."""
        application = await own_factors.find_application(connection, user_id)
        if application is not None:
            yield application
