"""The events of the audit log itself."""

from doorward.core.events import AuditedEvent
from doorward.core.frozen import frozen


@frozen(slots=False)
class AuditPruned(AuditedEvent):
    """`count` audit events were removed because they were older than `AUDIT_RETENTION_DAYS`."""

    type = log_event = "audit.pruned"
    count: int
