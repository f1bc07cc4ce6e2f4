"""Consume doorward's events from RabbitMQ, each once in effect, to copy. docs/events-out.md explains its rules.

The broker sends a message at least once. The id of each event is stored in the transaction of what is done about it, so
a second copy does nothing. It is acknowledged after the commit. What cannot be done goes to the dead-letter queue, what
cannot be done now stays in the queue.
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
"""Messages that the broker sends ahead. They are done one after the other."""

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
"""Does something about an event, by this connection only, whose transaction holds the event's id as well."""


class TryLaterError(Exception):
    """Raised by a handler: what it needs is away. The event stays in the queue, and the consumer ends."""


async def declare_queue(channel: AbstractChannel, name: str, types: Sequence[str]) -> AbstractQueue:
    """Return a durable queue for these types (``user.*``, ``#``), with a queue for dead letters beside it."""
    exchange = await channel.declare_exchange(EXCHANGE, aio_pika.ExchangeType.TOPIC, durable=True)
    dead = await channel.declare_exchange(f"{name}.dead", aio_pika.ExchangeType.FANOUT, durable=True)
    dead_letters = await channel.declare_queue(f"{name}.dead", durable=True)
    await dead_letters.bind(dead)
    # One consumer at a time, so that the order per user holds when several are started.
    arguments: dict[str, Any] = {"x-dead-letter-exchange": f"{name}.dead", "x-single-active-consumer": True}
    queue = await channel.declare_queue(name, durable=True, arguments=arguments)
    for each in types:
        await queue.bind(exchange, each)
    return queue


async def take(connection: Connection, message: AbstractIncomingMessage, queue: str, handle: Handle) -> None:
    """Do one message, and answer for it. Raises ``psycopg.OperationalError`` and ``TryLaterError``: then it stays."""
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
        # The catch-all: one message that cannot be done must not stop the others.
        log.exception("event %s goes to the dead letters", message.message_id)
        await message.reject(requeue=False)
    else:
        await message.ack()


async def consume(rabbitmq_url: str, database_url: str, *, name: str, types: Sequence[str], handle: Handle) -> None:
    """Consume until an error ends it: start it again then, as a service manager does."""
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
    """Stand for the work of an application."""
    log.info("%s of user %s", event["type"], event["data"]["user_id"])


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    asyncio.run(
        consume(os.environ["RABBITMQ_URL"], os.environ["DATABASE_URL"], name="shop", types=["user.*"], handle=greet)
    )
