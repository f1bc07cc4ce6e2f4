"""The operating events about external servers that the service calls."""

from doorward.core.events import Event
from doorward.core.frozen import frozen


@frozen(slots=False)
class BreachCircuitOpened(Event):
    """The server of `PASSWORD_BREACHES_URL` failed several times in a row, and is not called for `seconds`."""

    log_event = "auth.breach_check.circuit_opened"
    level = "warning"
    reason: str
    seconds: float


@frozen(slots=False)
class BreachCircuitClosed(Event):
    """The server of `PASSWORD_BREACHES_URL` answers again."""

    log_event = "auth.breach_check.circuit_closed"
