"""Export events."""

from doorward.core.events import AuditedEvent
from doorward.core.frozen import frozen


@frozen(slots=False)
class UsersExported(AuditedEvent):
    """All users, `count` of them, were written to a file, with their password hashes if `with_hashes` is true."""

    type = "user.all_exported"
    log_event = "administration.users.exported"
    level = "warning"
    outcome = "success"
    count: int
    with_hashes: bool
