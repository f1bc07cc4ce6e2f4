"""The events of webhooks: changes by administrators, and endpoints that the delivery disabled."""

from typing import Literal
from uuid import UUID

from doorward.core.events import AuditedEvent
from doorward.core.frozen import frozen


@frozen(slots=False)
class WebhookChanged(AuditedEvent):
    """A webhook was `created`, `changed` or `deleted`, or its secret was replaced (`secret_rotated`)."""

    type = log_event = "webhook.changed"
    outcome = "success"
    webhook_id: UUID
    change: Literal["created", "changed", "deleted", "secret_rotated"]


@frozen(slots=False)
class WebhookDisabled(AuditedEvent):
    """A webhook was disabled: it answered 410 (`gone`), or accepted no message for five days (`failing`)."""

    type = log_event = "webhook.disabled"
    level = "warning"
    outcome = "success"
    webhook_id: UUID
    reason: Literal["gone", "failing"]
