"""Use case: search the audit log."""

from collections.abc import Sequence

from doorward.core.ports import Database
from doorward.domain.audit import repository
from doorward.domain.audit.models import AuditEntry, AuditQuery


class AuditSearch:
    """Searches the audit log. The caller must check the permission."""

    def __init__(self, *, database: Database[repository.Connection]) -> None:
        """Take the database."""
        self._database = database

    async def search(self, query: AuditQuery, *, before: int | None = None, limit: int) -> Sequence[AuditEntry]:
        """Return up to ``limit`` entries, newest first. ``before`` is the id of the last entry on the previous page.

        Without conditions, or with a user as the only condition, every page has the same cost, because an index has
        this order. Other conditions are checked entry by entry, starting with the newest. A search for few or old
        entries therefore takes longer in a larger log, up to the time limit of a statement. Raises
        ``AuditQueryTooBroadError``.
        """
        async with self._database.connection() as connection:
            return await repository.list_entries(connection, query, before=before, limit=limit)
