"""The interfaces that this domain needs, as Protocols."""

from collections.abc import Mapping
from typing import Protocol

from doorward.domain.webhooks.models import Answered, Unanswered


class WebhookSender(Protocol):
    """Sends webhooks, to allowed addresses only."""

    @property
    def opens_networks(self) -> bool:
        """Whether any networks are configured to which plain http may be sent."""
        ...

    def may_go_to(self, url: str) -> bool:
        """Return whether a URL is allowed. Only a host that is an IP address can be refused here, not a name."""
        ...

    async def send(self, url: str, headers: Mapping[str, str], body: bytes) -> Answered | Unanswered:
        """Post the body once, within 15 seconds; return the result. Never raises."""
        ...
