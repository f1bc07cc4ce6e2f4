"""What foreign issuers call a user, as that user is given it: a member of the export."""

from collections.abc import AsyncGenerator
from uuid import UUID

from doorward.domain.federation.repositories import Connection, identities


class IdentityData:
    """The subjects of foreign issuers that are a user."""

    member = "identities"

    def entries(self, connection: Connection, user_id: UUID) -> AsyncGenerator[object]:
        """Return the identities, the oldest first."""
        return identities.list_identities(connection, user_id)
