"""Example to copy: consume doorward's events from RabbitMQ, each with exactly one effect. See docs/events-out.md.

The broker delivers a message at least once. The id of each event is stored in the transaction that handles it, so that
a duplicate has no effect. The message is acknowledged after the commit. A message that cannot be handled goes to the
dead-letter queue; one that cannot be handled at present stays in the queue.
"""

import asyncio
import json
import logging
import os
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import aio_pika
import psycopg
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, AbstractQueue

EXCHANGE: Final = "doorward.events"
PREFETCH: Final = 20
"""Messages that the broker sends ahead. They are handled one after the other."""

TABLE: Final = """
CREATE TABLE IF NOT EXISTS doorward_events_done (
    queue text,
    id uuid,
    done_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (queue, id)
)
"""

log = logging.getLogger("shop")

Connection = psycopg.AsyncConnection[Any]
Handle = Callable[[Connection, dict[str, Any]], Awaitable[None]]
"""Handles an event, using only this connection, whose transaction also stores the event's id."""


class TryLaterError(Exception):
    """Raised by a handler if a service that it needs is down. The event stays in the queue, and the consumer ends."""


async def declare_queue(channel: AbstractChannel, name: str, types: Sequence[str]) -> AbstractQueue:
    """Return a durable queue for these types (``user.*``, ``#``), with a dead-letter queue."""
    exchange = await channel.declare_exchange(EXCHANGE, aio_pika.ExchangeType.TOPIC, durable=True)
    dead = await channel.declare_exchange(f"{name}.dead", aio_pika.ExchangeType.FANOUT, durable=True)
    dead_letters = await channel.declare_queue(f"{name}.dead", durable=True)
    await dead_letters.bind(dead)
    # One consumer at a time, so that the order per user holds even if several are started.
    arguments: dict[str, Any] = {"x-dead-letter-exchange": f"{name}.dead", "x-single-active-consumer": True}
    queue = await channel.declare_queue(name, durable=True, arguments=arguments)
    for each in types:
        await queue.bind(exchange, each)
    return queue


async def take(connection: Connection, message: AbstractIncomingMessage, queue: str, handle: Handle) -> None:
    """Handle one message, and acknowledge or reject it.

    Raises ``psycopg.OperationalError`` and ``TryLaterError``; the message then stays in the queue.
    """
    try:
        event = json.loads(message.body)
        async with connection.transaction():
            stored = await connection.execute(
                "INSERT INTO doorward_events_done (queue, id) VALUES (%s, %s) ON CONFLICT DO NOTHING",
                [queue, event["id"]],
            )
            if stored.rowcount:
                await handle(connection, event)
    except (psycopg.OperationalError, TryLaterError):
        await message.nack(requeue=True)
        raise
    except Exception:
        # The catch-all: a message that cannot be handled must not block the others.
        log.exception("event %s goes to the dead letters", message.message_id)
        await message.reject(requeue=False)
    else:
        await message.ack()


async def consume(rabbitmq_url: str, database_url: str, *, name: str, types: Sequence[str], handle: Handle) -> None:
    """Consume until an error; a service manager should restart the program then."""
    async with (
        await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection,
        await aio_pika.connect(rabbitmq_url) as broker,
    ):
        await connection.execute(TABLE)
        channel = await broker.channel()
        await channel.set_qos(prefetch_count=PREFETCH)
        queue = await declare_queue(channel, name, types)
        async with queue.iterator() as messages:
            async for message in messages:
                await take(connection, message, name, handle)


async def greet(_: Connection, event: dict[str, Any]) -> None:
    """Stands for the work of an application."""
    log.info("%s of user %s", event["type"], event["data"]["user_id"])


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    asyncio.run(
        consume(os.environ["RABBITMQ_URL"], os.environ["DATABASE_URL"], name="shop", types=["user.*"], handle=greet)
    )
