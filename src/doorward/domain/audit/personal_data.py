"""The audit entries about a user in the export of the user's data."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from uuid import UUID

from doorward.domain.audit import repository


class AuditData:
    """The audit entries about a user, oldest first."""

    member = "audit"

    async def entries(self, connection: repository.Connection, user_id: UUID) -> AsyncGenerator[object]:
        """Yield the entries. If the actor is an operator, the name is omitted."""
        async for entry in repository.list_entries_about(connection, user_id):
            actor = None if entry.actor is None else entry.actor.partition(":")[0]
            yield replace(entry, actor=actor)
