"""The events of exports."""

from doorward.core.events import AuditedEvent
from doorward.core.frozen import frozen


@frozen(slots=False)
class UsersExported(AuditedEvent):
    """All `count` users were written to a file, with their password hashes if `with_hashes` says so."""

    type = "user.all_exported"
    log_event = "administration.users.exported"
    level = "warning"
    outcome = "success"
    count: int
    with_hashes: bool
