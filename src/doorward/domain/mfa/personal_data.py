"""The second factors of a user, as that user is given them: a member of the export."""

from collections.abc import AsyncGenerator
from uuid import UUID

from doorward.domain.mfa.repositories import Connection, own_factors


class FactorData:
    """The authenticator application, without its secret. Recovery codes are hashes, which say nothing."""

    member = "factors"

    async def entries(self, connection: Connection, user_id: UUID) -> AsyncGenerator[object]:
        """Return the factors."""
        application = await own_factors.find_application(connection, user_id)
        if application is not None:
            yield application
