"""The passkeys of a user: a member of the data export."""

from collections.abc import AsyncGenerator
from uuid import UUID

from doorward.domain.passkeys.repository import Connection, list_exported_passkeys


class PasskeyData:
    """Exports the names of a user's passkeys, and when they were used."""

    member = "passkeys"

    def entries(self, connection: Connection, user_id: UUID) -> AsyncGenerator[object]:
        """Return the passkeys, the oldest first."""
        return list_exported_passkeys(connection, user_id)
