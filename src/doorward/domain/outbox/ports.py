"""What this domain needs from outside, as Protocols."""

from typing import Protocol

from doorward.domain.outbox.models import Message, Outcome


class Handler(Protocol):
    """Delivers the messages of one channel."""

    async def deliver(self, message: Message) -> Outcome:
        """Try to deliver the message once; return what came of it.

        It must end before the message's lease does. Raises ``ServiceUnavailableError`` while PostgreSQL does not
        answer; then the message returns after its lease.
        """
        ...
