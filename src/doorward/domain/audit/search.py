"""Use case: search the audit log."""

from collections.abc import Sequence

from doorward.core.ports import Database
from doorward.domain.audit import repository
from doorward.domain.audit.models import AuditEntry, AuditQuery


class AuditSearch:
    """Reads the audit log for those who may see all of it."""

    def __init__(self, *, database: Database[repository.Connection]) -> None:
        """Take the database."""
        self._database = database

    async def search(self, query: AuditQuery, *, before: int | None = None, limit: int) -> Sequence[AuditEntry]:
        """Return up to ``limit`` entries, the latest first. ``before`` is the id of the last entry of the page before.

        A page of all entries, or of those of one of many users, costs the same at any depth: an index has them in this
        order. Other conditions are checked entry by entry from the latest on, so a search for few or old entries takes
        longer the more there are, up to the time limit of a statement. Raises ``AuditQueryTooBroadError``.
        """
        async with self._database.connection() as connection:
            return await repository.list_entries(connection, query, before=before, limit=limit)
