"""The image with RabbitMQ: every event arrives, even if the broker was killed, and its id removes duplicates."""

import asyncio
import json
import re
from collections.abc import Iterator
from typing import Any, Final

import aio_pika
import pytest
from aio_pika.connection import make_url

from tests.e2e.image_companions import Broker
from tests.e2e.image_stack import ImageStack
from tests.e2e.people import client_of
from tests.e2e.stack import QUICK_HASHES, READY_SECONDS, Service

EXCHANGE: Final = "doorward.events"
QUEUE: Final = "everything"
IDLE_SECONDS: Final = 0.2


@pytest.fixture(scope="module")
def broker(stack: ImageStack) -> Iterator[Broker]:
    with stack.rabbitmq() as running:
        yield running


@pytest.fixture(scope="module")
def publishing_service(stack: ImageStack, broker: Broker) -> Iterator[Service]:
    with stack.service(RABBITMQ_URL=broker.url(), **QUICK_HASHES) as running:
        yield running


class Consumer:
    """A durable queue of all events, and the events received from it."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self.events: dict[str, dict[str, Any]] = {}

    async def prepare(self) -> None:
        async with (
            asyncio.timeout(READY_SECONDS),
            aio_pika.Connection(make_url(self._broker.outer_url())) as connection,
        ):
            await connection.connect()
            channel = await connection.channel()
            exchange = await channel.declare_exchange(EXCHANGE, "topic", durable=True)
            queue = await channel.declare_queue(QUEUE, durable=True)
            await queue.bind(exchange, "#")

    async def take_until(self, count: int) -> None:
        """Receive and acknowledge events until their number without duplicates is ``count``."""
        async with (
            asyncio.timeout(READY_SECONDS),
            aio_pika.Connection(make_url(self._broker.outer_url())) as connection,
        ):
            await connection.connect()
            queue = await (await connection.channel()).get_queue(QUEUE)
            while len(self.events) < count:
                message = await queue.get(fail=False)
                if message is None:
                    await asyncio.sleep(IDLE_SECONDS)
                    continue
                assert message.message_id is not None
                self.events[message.message_id] = json.loads(message.body)
                await message.ack()

    def types_of(self, user_id: str) -> list[str]:
        ordered = sorted(self.events.values(), key=lambda event: int(event["sequence"]))
        return [event["type"] for event in ordered if event["data"]["user_id"] == user_id]


async def test_events_of_the_image_arrive_and_are_kept_while_the_broker_is_down(
    publishing_service: Service, broker: Broker
) -> None:
    client, consumer = client_of(publishing_service), Consumer(broker)
    await consumer.prepare()
    first = await client.register()
    first_id = (await client.get_me((await client.log_in(first)).access)).json()["id"]
    await consumer.take_until(2)
    assert consumer.types_of(first_id) == ["user.registered", "session.begun"]
    broker.kill()
    second = await client.register()
    second_id = (await client.get_me((await client.log_in(second)).access)).json()["id"]
    broker.start()
    await consumer.take_until(4)
    assert consumer.types_of(second_id) == ["user.registered", "session.begun"]
    assert not re.search(r"guest:guest", publishing_service.logs()), "the broker's address has its password"
