"""The operating event about client addresses."""

from doorward.core.events import Event
from doorward.core.frozen import frozen


@frozen(slots=False)
class ClientAddressShared(Event):
    """Of `total` logins, registrations, refreshes and similar calls, `calls` came from `peer`, a private address.

    Most likely it is a proxy that `TRUSTED_PROXIES` does not contain or that sends no `X-Forwarded-For`, so that all
    its clients share one rate limit. At most one line per hour and worker; none in development.
    """

    log_event = "client_address.shared"
    level = "warning"
    peer: str
    calls: int
    total: int
