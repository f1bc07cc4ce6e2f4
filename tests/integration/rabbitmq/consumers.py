"""Messages to the example consumers, and a running example."""

import asyncio
import json
from contextlib import suppress
from typing import Any
from uuid import uuid4

import aio_pika
import psycopg

from examples import rabbitmq_consumer
from tests.integration.outbox.messages import Outbox
from tests.integration.rabbitmq.broker import RabbitServer


def event_of(sequence: int, kind: str = "user.registered", user_id: str = "") -> dict[str, Any]:
    data = {"user_id": user_id or str(uuid4()), "session_id": None}
    return {"id": str(uuid4()), "type": kind, "version": 1, "sequence": sequence, "data": data}


async def publish(server: RabbitServer, *events: dict[str, Any]) -> None:
    connection = await server.connect()
    async with connection:
        channel = await connection.channel(publisher_confirms=True)
        exchange = await channel.declare_exchange(rabbitmq_consumer.EXCHANGE, "topic", durable=True)
        for event in events:
            message = aio_pika.Message(json.dumps(event).encode(), message_id=event["id"])
            await exchange.publish(message, routing_key=event["type"])


async def prepare(server: RabbitServer, name: str) -> None:
    connection = await server.connect()
    async with connection:
        await rabbitmq_consumer.declare_queue(await connection.channel(), name, ["user.*"])


async def waiting(server: RabbitServer, name: str) -> int:
    connection = await server.connect()
    async with connection:
        channel = await connection.channel()
        queue = await channel.get_queue(name)
        return int(queue.declaration_result.message_count or 0)


class Consumer:
    """The example, running until the test ends it."""

    def __init__(self, server: RabbitServer, outbox: Outbox, name: str, handle: rabbitmq_consumer.Handle) -> None:
        self._work = rabbitmq_consumer.consume(server.url, outbox.url, name=name, types=["user.*"], handle=handle)

    async def __aenter__(self) -> asyncio.Task[None]:
        self._task = asyncio.create_task(self._work)
        return self._task

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        with suppress(asyncio.CancelledError, psycopg.OperationalError, rabbitmq_consumer.TryLaterError):
            await self._task
