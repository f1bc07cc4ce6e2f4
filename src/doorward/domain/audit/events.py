"""The events of the audit log itself."""

from dataclasses import dataclass

from doorward.core.events import AuditedEvent


@dataclass(frozen=True)
class AuditPruned(AuditedEvent):
    """`count` audit events were removed because they were older than `AUDIT_RETENTION_DAYS`."""

    type = log_event = "audit.pruned"
    count: int
