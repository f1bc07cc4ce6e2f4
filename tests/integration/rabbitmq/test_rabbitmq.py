"""Events to a real RabbitMQ: none is lost and the order per user is kept when a process is killed."""

import json
import os
import signal
import subprocess
import sys
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from aio_pika.abc import AbstractIncomingMessage

from doorward.domain.outbox.relay import SUBSCRIPTION, Relay, RelayTimes
from doorward.domain.outbox.unsubscribing import unsubscribe
from doorward.infrastructure.postgres.advisory_lock import AdvisoryLock
from doorward.infrastructure.rabbitmq import EXCHANGE, RabbitMQ
from tests.integration.outbox.messages import Outbox, eventually
from tests.integration.rabbitmq.broker import RabbitServer
from tests.integration.service import FakeClock, Logs, events
from tests.integration.webhooks.endpoints import Hooks

SHORT = RelayTimes(poll_seconds=0.02, first_pause_seconds=0.05, longest_pause_seconds=0.2)
QUEUE = "everything"


@pytest.fixture
def hooks(own_database: str, clock: FakeClock) -> Hooks:
    return Hooks(own_database, clock)


@pytest.fixture
async def queue(server: RabbitServer) -> str:
    """The name of a durable queue that gets every event, and is empty at the start of the test."""
    connection = await server.connect()
    async with connection:
        channel = await connection.channel()
        exchange = await channel.declare_exchange(EXCHANGE, "topic", durable=True)
        found = await channel.declare_queue(QUEUE, durable=True)
        await found.bind(exchange, "#")
        await found.purge()
    return QUEUE


def relay(outbox: Outbox, server: RabbitServer, *, batch: int = 20) -> Relay:
    lock = AdvisoryLock(outbox.url, "rabbitmq")
    broker = RabbitMQ(server.url, connect_seconds=5, confirm_seconds=5)
    return Relay(database=outbox.database, broker=broker, lock=lock, times=SHORT, messages_a_batch=batch)


async def consumed(server: RabbitServer, queue: str) -> list[AbstractIncomingMessage]:
    """Return all messages of the queue, and remove them."""
    found: list[AbstractIncomingMessage] = []
    connection = await server.connect()
    async with connection:
        channel = await connection.channel()
        held = await channel.get_queue(queue)
        while (message := await held.get(no_ack=True, fail=False)) is not None:
            found.append(message)
    return found


def subscribe(hooks: Hooks) -> None:
    hooks.outbox.sql("INSERT INTO rabbitmq_subscriptions (id) VALUES (%s)", SUBSCRIPTION)


def once(messages: list[AbstractIncomingMessage]) -> list[dict[str, Any]]:
    """Return the events without duplicates by message id."""
    return list({message.message_id: json.loads(message.body) for message in messages}.values())


def sequences_of(events: list[dict[str, Any]], user_id: UUID) -> list[int]:
    return [event["sequence"] for event in events if event["data"]["user_id"] == str(user_id)]


async def test_an_event_arrives_unchanged(hooks: Hooks, server: RabbitServer, queue: str, logs: Logs) -> None:
    async with relay(hooks.outbox, server).running(grace_seconds=10):
        await eventually(lambda: bool(hooks.outbox.sql("SELECT id FROM rabbitmq_subscriptions")))
        await hooks.record_events(uuid4())
        await eventually(lambda: hooks.rows() == [])
    (message,) = await consumed(server, queue)
    payload = json.loads(message.body)
    assert (message.message_id, message.routing_key) == (payload["id"], "user.activated")
    assert (message.type, message.app_id, message.content_type) == ("user.activated", "doorward", "application/json")
    assert message.delivery_mode == 2, "it survives a restart of the broker"
    assert [line["count"] for line in events(logs, "outbox.relayed")] == [1]


async def test_killing_the_broker_loses_no_event_and_keeps_the_order(
    hooks: Hooks, server: RabbitServer, queue: str, logs: Logs
) -> None:
    subscribe(hooks)
    users = [uuid4() for _ in range(5)]
    await hooks.record_events(*(users * 60))
    stored = hooks.payloads()
    async with relay(hooks.outbox, server, batch=7).running(grace_seconds=10):
        await eventually(lambda: len(hooks.rows()) < 200)
        server.kill()
        left = len(hooks.rows())
        assert left
        await eventually(lambda: len(events(logs, "outbox.relay.failed")) > 1)
        server.start()
        await eventually(lambda: hooks.rows() == [], bound_seconds=120)
    got = once(await consumed(server, queue))
    for user_id in users:
        assert sequences_of(got, user_id) == sequences_of(stored, user_id)
    assert sorted(event["id"] for event in got) == sorted(event["id"] for event in stored)


PUBLISHER = """
import asyncio, sys
from doorward.domain.outbox.relay import Relay, RelayTimes
from doorward.infrastructure.postgres.advisory_lock import AdvisoryLock
from doorward.infrastructure.rabbitmq import RabbitMQ
from tests.integration.audit.trail import PlainDatabase

async def publish():
    relay = Relay(
        database=PlainDatabase(sys.argv[1]),
        broker=RabbitMQ(sys.argv[2]),
        lock=AdvisoryLock(sys.argv[1], "rabbitmq"),
        times=RelayTimes(poll_seconds=0.02),
        messages_a_batch=7,
    )
    async with relay.running(grace_seconds=1):
        await asyncio.sleep(600)

asyncio.run(publish())
"""


def publisher(hooks: Hooks, server: RabbitServer) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", PUBLISHER, hooks.outbox.url, server.url], stderr=subprocess.DEVNULL)


async def test_killing_the_publisher_loses_no_event_and_keeps_the_order(
    hooks: Hooks, server: RabbitServer, queue: str
) -> None:
    subscribe(hooks)
    users = [uuid4() for _ in range(5)]
    await hooks.record_events(*(users * 60))
    stored = hooks.payloads()
    process = publisher(hooks, server)
    try:
        await eventually(lambda: len(hooks.rows()) < 280, bound_seconds=120)
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    async with relay(hooks.outbox, server, batch=7).running(grace_seconds=10):
        await eventually(lambda: hooks.rows() == [], bound_seconds=120)
    got = once(await consumed(server, queue))
    for user_id in users:
        assert sequences_of(got, user_id) == sequences_of(stored, user_id)
    assert len(got) == len(stored)


async def test_one_process_at_a_time_publishes_and_the_next_takes_over(
    hooks: Hooks, server: RabbitServer, queue: str, logs: Logs
) -> None:
    subscribe(hooks)
    first, second = relay(hooks.outbox, server), relay(hooks.outbox, server)
    async with second.running(grace_seconds=10):
        async with first.running(grace_seconds=10):
            await eventually(lambda: len(events(logs, "outbox.relay.started")) == 1)
            await hooks.record_events(*(uuid4() for _ in range(50)))
            await eventually(lambda: hooks.rows() == [])
            assert len(events(logs, "outbox.relay.started")) == 1
        await hooks.record_events(uuid4())
        await eventually(lambda: hooks.rows() == [])
    assert len(await consumed(server, queue)) == 51


async def test_a_message_without_a_confirmation_of_the_broker_is_kept(hooks: Hooks, logs: Logs) -> None:
    subscribe(hooks)
    await hooks.record_events(uuid4())
    broker = RabbitMQ("amqp://guest:guest@127.0.0.1:1/", connect_seconds=1)
    lock = AdvisoryLock(hooks.outbox.url, "rabbitmq")
    away = Relay(database=hooks.database, broker=broker, lock=lock, times=SHORT)
    async with away.running(grace_seconds=10):
        await eventually(lambda: len(events(logs, "outbox.relay.failed")) > 2)
    assert len(hooks.rows()) == 1
    assert "guest" not in logs.text()


async def test_an_operator_ends_the_subscription(hooks: Hooks) -> None:
    subscribe(hooks)
    await hooks.endpoint(9)
    await hooks.record_events(uuid4(), uuid4())
    assert await unsubscribe(hooks.database) == 2
    await hooks.record_events(uuid4())
    assert {row["channel"] for row in hooks.rows()} == {"webhook"}
    with psycopg.connect(hooks.outbox.url) as connection:
        assert connection.execute("SELECT count(*) FROM rabbitmq_subscriptions").fetchone() == (0,)
