"""The events of webhooks: what administrators changed, and what the delivery switched off."""

from typing import Literal
from uuid import UUID

from doorward.core.events import AuditedEvent
from doorward.core.frozen import frozen


@frozen(slots=False)
class WebhookChanged(AuditedEvent):
    """A webhook was `created`, `changed`, `deleted`, or got another secret (`secret_rotated`)."""

    type = log_event = "webhook.changed"
    outcome = "success"
    webhook_id: UUID
    change: Literal["created", "changed", "deleted", "secret_rotated"]


@frozen(slots=False)
class WebhookDisabled(AuditedEvent):
    """A webhook gets no more messages: it answered 410 (`gone`), or took nothing for five days (`failing`)."""

    type = log_event = "webhook.disabled"
    level = "warning"
    outcome = "success"
    webhook_id: UUID
    reason: Literal["gone", "failing"]
