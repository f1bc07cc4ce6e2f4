"""Administration events."""

from typing import Literal
from uuid import UUID

from doorward.core.events import AuditedEvent
from doorward.core.frozen import frozen


@frozen(slots=False)
class RoleChanged(AuditedEvent):
    """The role `role_id` was created, changed or removed.

    It applies from the next request of each user with the role.
    """

    type = log_event = "role.changed"
    role_id: UUID
    change: Literal["created", "changed", "removed"]


@frozen(slots=False)
class UserChanged(AuditedEvent):
    """An administrator changed a `field` of `target_user_id`."""

    type = "user.changed"
    log_event = "administration.user.changed"
    user_fact = "target_user_id"
    outcome = "success"
    field: Literal["locale", "external_id"]


@frozen(slots=False)
class PasswordResetForced(AuditedEvent):
    """An administrator forced a password reset of `target_user_id`.

    The password is disabled, and a mail has a reset link. `count` sessions were ended.
    """

    type = "user.password_reset_forced"
    log_event = "administration.password.reset_forced"
    user_fact = "target_user_id"
    outcome = "success"
    count: int
