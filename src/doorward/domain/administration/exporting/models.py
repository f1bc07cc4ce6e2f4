"""The vocabulary of exports. No I/O."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

from doorward.core.frozen import frozen
from doorward.domain.administration.models import Actor

ExportFormat = Literal["ndjson", "csv"]


@frozen
class ExportedUser:
    """A user as an export has it. The password hash is left out unless it was asked for."""

    email: str | None
    username: str
    password_hash: str | None
    external_id: str | None
    email_verified: bool
    roles: Sequence[str]
    created_at: datetime
    id: UUID
    active: bool


@frozen
class UserExportRequest:
    """Who exports, and what."""

    actor: Actor
    format: ExportFormat = "ndjson"
    with_hashes: bool = False
    """Only for operators: no call over HTTP sets it."""
