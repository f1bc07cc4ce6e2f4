"""Publishes events to RabbitMQ with publisher confirms. Needs the package ``aio_pika``, an extra."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Final

import aio_pika
from aio_pika.abc import AbstractExchange
from aio_pika.connection import make_url
from aio_pika.exceptions import AMQPError

from doorward.domain.outbox.models import RelayedMessage
from doorward.domain.outbox.ports import BrokerUnavailableError

EXCHANGE: Final = "doorward.events"
CONNECT_SECONDS: Final = 10.0
CONFIRM_SECONDS: Final = 30.0
_FAULTS: Final = (AMQPError, OSError, RuntimeError)
"""The driver's errors. ``RuntimeError`` means that the channel was closed meanwhile."""


class RabbitMQ:
    """A RabbitMQ server. Messages go to a durable topic exchange, with their type as routing key."""

    def __init__(
        self, url: str, *, connect_seconds: float = CONNECT_SECONDS, confirm_seconds: float = CONFIRM_SECONDS
    ) -> None:
        """Store the server's URL, and the timeouts of connecting and of confirms."""
        self._url = url
        self._connect_seconds = connect_seconds
        self._confirm_seconds = confirm_seconds

    @asynccontextmanager
    async def connected(self) -> AsyncIterator["ExchangePublisher"]:
        """Connect for the block. Raises ``BrokerUnavailableError``."""
        # Not ``aio_pika.connect()``: a connection whose attempt failed must be closed, too.
        connection = aio_pika.Connection(make_url(self._url))
        try:
            with _faults_as_unavailable():
                async with asyncio.timeout(self._connect_seconds):
                    await connection.connect(timeout=self._connect_seconds)
                    channel = await connection.channel(publisher_confirms=True)
                    exchange = await channel.declare_exchange(EXCHANGE, aio_pika.ExchangeType.TOPIC, durable=True)
            yield ExchangePublisher(exchange, self._confirm_seconds)
        finally:
            with suppress(*_FAULTS):
                async with asyncio.timeout(self._connect_seconds):
                    await connection.close()


class ExchangePublisher:
    """An open channel to the exchange."""

    def __init__(self, exchange: AbstractExchange, confirm_seconds: float) -> None:
        self._exchange = exchange
        self._confirm_seconds = confirm_seconds

    async def publish(self, messages: Sequence[RelayedMessage]) -> None:
        """Publish all at once; return when each is confirmed. Raises ``BrokerUnavailableError``."""
        with _faults_as_unavailable():
            async with asyncio.timeout(self._confirm_seconds):
                await asyncio.gather(*(self._publish(message) for message in messages))

    async def _publish(self, message: RelayedMessage) -> None:
        content = aio_pika.Message(
            message.payload,
            content_type="application/json",
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
            message_id=str(message.message_id),
            type=message.kind,
            app_id="doorward",
        )
        await self._exchange.publish(content, routing_key=message.kind)


@contextmanager
def _faults_as_unavailable() -> Iterator[None]:
    """Raise ``BrokerUnavailableError`` with the driver error's class name. Its text may hold the server's address."""
    try:
        yield
    except _FAULTS as error:
        raise BrokerUnavailableError(type(error).__name__) from error
