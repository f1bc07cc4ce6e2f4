"""The operating event of clients' addresses."""

from doorward.core.events import Event
from doorward.core.frozen import frozen


@frozen(slots=False)
class ClientAddressShared(Event):
    """Of `total` logins, registrations, refreshes and their like, `calls` came from `peer`, a private address.

    Most likely it is a proxy that `TRUSTED_PROXIES` does not name or that sends no `X-Forwarded-For`: all its clients
    share one limit. At most one line an hour for each worker; none in development.
    """

    log_event = "client_address.shared"
    level = "warning"
    peer: str
    calls: int
    total: int
