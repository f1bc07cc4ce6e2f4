"""The interfaces that this domain needs, as Protocols."""

from collections.abc import Mapping
from typing import Protocol

from doorward.domain.webhooks.models import Answered, NoAnswer


class WebhookSender(Protocol):
    """Sends webhooks, to allowed addresses only."""

    @property
    def allows_plain_http(self) -> bool:
        """Whether any networks are configured to which plain http may be sent."""
        ...

    def is_host_allowed(self, url: str) -> bool:
        """Return whether a URL is allowed. Only a host that is an IP address can be refused here, not a name."""
        ...

    async def send(self, url: str, headers: Mapping[str, str], body: bytes) -> Answered | NoAnswer:
        """Post the body once, within 15 seconds; return the result. Never raises."""
        ...
