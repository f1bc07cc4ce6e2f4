"""Use case: search the audit log, in pages."""

from typing import Final

from doorward.core.pages import CursorCodec, Position, Slice
from doorward.domain.audit.models import AuditEntry, AuditQuery
from doorward.domain.audit.search import AuditSearch

_SORT: Final = "-id"


class AuditTrail:
    """Show the audit log to callers who may see all of it, the latest entries first."""

    def __init__(self, *, search: AuditSearch, cursors: CursorCodec) -> None:
        self._search = search
        self._cursors = cursors

    async def search(self, query: AuditQuery, *, after: str, page_size: int) -> Slice[AuditEntry]:
        """Return the entries after a cursor, or the latest ones for an empty cursor.

        A type or an actor that no entry can have gives an empty result. Raises ``InvalidCursorError`` and
        ``AuditQueryTooBroadError``.
        """
        before = int(self._cursors.decode(after, _SORT).id) if after else None
        if not all(text is None or text.isprintable() for text in (query.type, query.actor)):
            return Slice((), page_size, None)
        found = await self._search.search(query, before=before, limit=page_size + 1)
        shown = found[:page_size]
        next_cursor = self._cursors.encode(Position(_SORT, "", str(shown[-1].id))) if len(found) > page_size else None
        return Slice(shown, page_size, next_cursor)
