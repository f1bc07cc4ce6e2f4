"""The identities of a user at other issuers: a member of the data export."""

from collections.abc import AsyncGenerator
from uuid import UUID

from doorward.domain.federation.repositories import Connection, identities


class IdentityData:
    """Exports the identities of a user."""

    member = "identities"

    def entries(self, connection: Connection, user_id: UUID) -> AsyncGenerator[object]:
        """Return the identities, the oldest first."""
        return identities.list_identities(connection, user_id)
