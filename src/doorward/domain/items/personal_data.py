"""A user's items as a member of the export of personal data."""

from collections.abc import AsyncGenerator
from uuid import UUID

from doorward.domain.items.repositories import Connection, personal_data


class ItemData:
    """The items that a user owns."""

    member = "items"

    def entries(self, connection: Connection, user_id: UUID) -> AsyncGenerator[object]:
        """Return the items, the oldest first."""
        return personal_data.list_owned_items(connection, user_id)
