"""Types of exports. No I/O."""

from collections.abc import Sequence
from dataclasses import field
from datetime import datetime
from typing import Literal
from uuid import UUID

from doorward.core.frozen import frozen
from doorward.domain.administration.models import Actor

ExportFormat = Literal["ndjson", "csv"]


@frozen
class ExportedUser:
    """A user in an export. The password hash is included only if requested."""

    email: str | None
    username: str
    password_hash: str | None = field(repr=False)
    external_id: str | None
    email_verified: bool
    roles: Sequence[str]
    created_at: datetime
    id: UUID
    active: bool


@frozen
class UserExportRequest:
    """The actor and the options of an export."""

    actor: Actor
    format: ExportFormat = "ndjson"
    with_hashes: bool = False
    """Only operators at the command line can set it; no HTTP call does."""
