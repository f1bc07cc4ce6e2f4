"""The models of the audit log: its entries, and queries. No I/O."""

from datetime import datetime
from typing import Any
from uuid import UUID

from doorward.core.frozen import frozen


@frozen
class NewEntry:
    """An event to be stored.

    ``actor`` is the id of the user who was authenticated by token or password, or ``operator:`` and the name of the
    operating system's user who ran a command; otherwise None. ``personal`` is removed when the user is erased.
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
    """A stored event. Ids increase; the events about one user have them in the order of their commits."""

    id: int
    occurred_at: datetime


@frozen
class AuditQuery:
    """The conditions of a search; None is no condition. ``since`` is inclusive, ``until`` is exclusive."""

    user_id: UUID | None = None
    type: str | None = None
    actor: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@frozen
class Replay:
    """The entries that are sent to an endpoint again. ``types`` is None for all types.

    ``since`` is inclusive, ``until`` is exclusive.
    """

    endpoint: UUID
    types: list[str] | None
    since: datetime
    until: datetime


@frozen
class ReplayExtent:
    """The number of entries to replay, and the lowest of their ids (0 if there are none)."""

    entries: int
    first_id: int
