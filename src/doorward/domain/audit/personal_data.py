"""The entries about a user, as that user is given them: a member of the export."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from uuid import UUID

from doorward.domain.audit import repository


class AuditData:
    """What the audit log has about a user, the oldest entry first."""

    member = "audit"

    async def entries(self, connection: repository.Connection, user_id: UUID) -> AsyncGenerator[object]:
        """Yield the entries. Of an operator it is told that it was one, not the name."""
        async for entry in repository.list_entries_about(connection, user_id):
            actor = None if entry.actor is None else entry.actor.partition(":")[0]
            yield replace(entry, actor=actor)
