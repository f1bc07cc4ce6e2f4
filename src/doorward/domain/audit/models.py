"""What the audit log speaks of: its entries, and what is looked for. No I/O."""

from datetime import datetime
from typing import Any
from uuid import UUID

from doorward.core.frozen import frozen


@frozen
class NewEntry:
    """An event about to be stored.

    ``actor`` is the id of the user whose token or password was shown, or ``operator:`` and the name of the operating
    system's user who ran a command; otherwise None. ``personal`` is removed when the user is erased.
    """

    type: str
    version: int
    user_id: UUID | None
    actor: str | None
    session_id: UUID | None
    correlation_id: str | None
    data: dict[str, Any]
    personal: dict[str, Any] | None


@frozen
class AuditEntry(NewEntry):
    """A stored event. ``id`` grows with each: the events about one user are in the order of their commits."""

    id: int
    occurred_at: datetime


@frozen
class AuditQuery:
    """Which entries are wanted; None does not narrow. ``since`` is included, ``until`` is not."""

    user_id: UUID | None = None
    type: str | None = None
    actor: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@frozen
class Replay:
    """Which entries an endpoint gets again. ``since`` is included, ``until`` is not; ``types`` is None for all."""

    endpoint: UUID
    types: list[str] | None
    since: datetime
    until: datetime


@frozen
class ReplayExtent:
    """How many entries there are to replay, and the lowest of their numbers (0 without any)."""

    entries: int
    first_id: int
