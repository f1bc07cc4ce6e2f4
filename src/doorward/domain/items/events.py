"""Item events."""

from uuid import UUID

from doorward.core.events import Event
from doorward.core.frozen import frozen


@frozen(slots=False)
class ItemsImported(Event):
    """A file was imported."""

    log_event = "items.imported"
    owner_id: UUID
    imported: int
    updated: int
    unchanged: int
    skipped: int


@frozen(slots=False)
class ItemsImportRefused(Event):
    """A file was refused as a whole; `code` is the refusal's."""

    log_event = "items.import.refused"
    owner_id: UUID
    code: str
