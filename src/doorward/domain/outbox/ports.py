"""What this domain needs from outside, as Protocols."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from doorward.domain.outbox.models import Message, Outcome, RelayedMessage


class Handler(Protocol):
    """Delivers the messages of one channel."""

    async def deliver(self, message: Message) -> Outcome:
        """Try to deliver the message once; return what came of it.

        It must end before the message's lease does. Raises ``ServiceUnavailableError`` while PostgreSQL does not
        answer; then the message returns after its lease.
        """
        ...


class BrokerUnavailableError(Exception):
    """The broker did not confirm. ``reason`` is the name of a fault: nothing of the broker's text."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Publisher(Protocol):
    """An open connection to the broker."""

    async def publish(self, messages: Sequence[RelayedMessage]) -> None:
        """Return when the broker has confirmed each. Raises ``BrokerUnavailableError``: some may have arrived."""
        ...


class Broker(Protocol):
    """A message broker."""

    def connected(self) -> AbstractAsyncContextManager[Publisher]:
        """Connect for the block. Raises ``BrokerUnavailableError``."""
        ...


class Turn(Protocol):
    """A lock that one process at a time holds."""

    def taken(self) -> AbstractAsyncContextManager[Callable[[], Awaitable[None]] | None]:
        """Hold the turn for the block; yield None when another process has it.

        What it yields otherwise raises ``ServiceUnavailableError`` once the turn may be another's.
        """
        ...
