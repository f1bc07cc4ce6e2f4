"""A user's items, as that user is given them: a member of the export."""

from collections.abc import AsyncGenerator, Mapping
from dataclasses import asdict
from uuid import UUID

from doorward.domain.items.repositories import Connection, personal_data


class ItemData:
    """The items that a user owns."""

    member = "items"

    async def entries(self, connection: Connection, user_id: UUID) -> AsyncGenerator[Mapping[str, object]]:
        """Yield the items, the oldest first."""
        async for item in personal_data.list_owned_items(connection, user_id):
            yield asdict(item)
