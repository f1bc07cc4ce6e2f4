"""What this domain needs from outside, as Protocols."""

from collections.abc import Mapping
from typing import Protocol

from doorward.domain.webhooks.models import Answered, Unanswered


class WebhookSender(Protocol):
    """Sends webhooks, to allowed addresses only."""

    @property
    def opens_networks(self) -> bool:
        """Whether there are networks that plain http may go to."""
        ...

    def may_go_to(self, url: str) -> bool:
        """Tell whether the host of a URL, where it is an address and no name, is allowed."""
        ...

    async def send(self, url: str, headers: Mapping[str, str], body: bytes) -> Answered | Unanswered:
        """Post the body once, within 15 seconds; return what came of it. Raises nothing."""
        ...
