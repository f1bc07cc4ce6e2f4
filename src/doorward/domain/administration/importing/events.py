"""Import events."""

from doorward.core.events import AuditedEvent, Event
from doorward.core.frozen import frozen
from doorward.domain.administration.importing.models import UserFormat


@frozen(slots=False)
class UserImported(AuditedEvent):
    """An account was created from a file of another system's users, or of this service's own export."""

    type = "user.imported"
    log_event = "administration.user.imported"
    level = "debug"
    user_fact = "target_user_id"
    outcome = "success"
    source: UserFormat


@frozen(slots=False)
class UsersImported(Event):
    """An import of users ended. The counts are users stored, users stored by an earlier import, and lines left out.

    `refusal` is the code of the refusal that ended it before the file's end. A rehearsal stored nothing.
    """

    log_event = "administration.users.imported"
    outcome = "success"
    source: UserFormat
    stored: int
    already_stored: int
    left_out: int
    is_rehearsal: bool
    refusal: str | None = None
