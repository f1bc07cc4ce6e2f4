"""The events of administration."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from doorward.core.events import AuditedEvent


@dataclass(frozen=True)
class RoleChanged(AuditedEvent):
    """The role `role_id` was created, changed or removed. Felt at the next request of each user that has it."""

    type = log_event = "role.changed"
    role_id: UUID
    change: Literal["created", "changed", "removed"]
