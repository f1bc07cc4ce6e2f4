"""The vocabulary of exports. No I/O."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from doorward.domain.administration.models import Actor

ExportFormat = Literal["ndjson", "csv"]


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class UserExportRequest:
    """Who exports, and what."""

    actor: Actor
    format: ExportFormat = "ndjson"
    with_hashes: bool = False
    """Only for operators: no call over HTTP sets it."""
