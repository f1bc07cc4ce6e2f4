"""The interfaces that this domain needs, as Protocols."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from doorward.domain.outbox.models import Message, Outcome, RelayedMessage


class Handler(Protocol):
    """Delivers the messages of one channel."""

    async def deliver(self, message: Message) -> Outcome:
        """Try to deliver the message once; return the outcome.

        It must finish before the message's lease ends. Raises ``ServiceUnavailableError`` while PostgreSQL does not
        answer; the message can then be claimed again after its lease.
        """
        ...


class BrokerUnavailableError(Exception):
    """The broker did not confirm. ``reason`` is the name of an error, without any text from the broker."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Publisher(Protocol):
    """An open connection to the broker."""

    async def publish(self, messages: Sequence[RelayedMessage]) -> None:
        """Publish the messages, and wait until the broker has confirmed each.

        Raises ``BrokerUnavailableError``; some messages may have arrived then.
        """
        ...


class Broker(Protocol):
    """A message broker."""

    def connected(self) -> AbstractAsyncContextManager[Publisher]:
        """Keep a connection within the block. Raises ``BrokerUnavailableError``."""
        ...


class Lock(Protocol):
    """A lock that one process at a time holds."""

    def held(self) -> AbstractAsyncContextManager[Callable[[], Awaitable[None]] | None]:
        """Hold the lock within the block; yield None if another process holds it.

        Otherwise yield a check that raises ``ServiceUnavailableError`` once another process may hold the lock.
        """
        ...
