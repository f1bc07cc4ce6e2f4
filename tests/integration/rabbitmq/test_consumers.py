"""The examples of consumers on a real RabbitMQ: each event once in effect, acknowledged after the commit."""

import asyncio
import json
from contextlib import suppress
from typing import Any
from uuid import uuid4

import aio_pika
import httpx
import psycopg
import pytest

from examples import celery_job, rabbitmq_consumer
from examples.search_indexer import indexing
from tests.integration.outbox.messages import Outbox, eventually
from tests.integration.rabbitmq.broker import RabbitServer


@pytest.fixture
def outbox(own_database: str) -> Outbox:
    return Outbox(own_database)


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
        with suppress(asyncio.CancelledError, psycopg.OperationalError):
            await self._task


async def test_a_copy_does_nothing_and_what_cannot_be_done_is_a_dead_letter(
    server: RabbitServer, outbox: Outbox
) -> None:
    outbox.sql("CREATE TABLE greeted (sequence int)")
    first, second, poison = event_of(1), event_of(2), event_of(3)

    async def greet(connection: rabbitmq_consumer.Connection, event: dict[str, Any]) -> None:
        await connection.execute("INSERT INTO greeted VALUES (%s)", [event["sequence"]])
        if event is poison or event["sequence"] == poison["sequence"]:
            raise KeyError("cannot be done")

    await prepare(server, "greetings")
    await publish(server, first, first, poison, second, first)
    async with Consumer(server, outbox, "greetings", greet):
        await eventually(lambda: len(outbox.sql("SELECT sequence FROM greeted")) == 2)
        async with asyncio.timeout(60):
            while not await waiting(server, "greetings.dead"):  # noqa: ASYNC110 - another process is watched
                await asyncio.sleep(0.05)
    assert outbox.sql("SELECT sequence FROM greeted ORDER BY sequence") == [{"sequence": 1}, {"sequence": 2}]
    assert await waiting(server, "greetings") == 0
    assert await waiting(server, "greetings.dead") == 1


async def test_what_was_not_committed_is_done_again(server: RabbitServer, outbox: Outbox) -> None:
    outbox.sql("CREATE TABLE greeted (sequence int)")
    breaks = True

    async def greet(connection: rabbitmq_consumer.Connection, event: dict[str, Any]) -> None:
        await connection.execute("INSERT INTO greeted VALUES (%s)", [event["sequence"]])
        if breaks:
            raise psycopg.OperationalError("the database went away")

    await prepare(server, "broken")
    await publish(server, event_of(1))
    async with Consumer(server, outbox, "broken", greet) as task:
        await eventually(task.done)
    assert outbox.sql("SELECT sequence FROM greeted") == []
    breaks = False
    async with Consumer(server, outbox, "broken", greet):
        await eventually(lambda: outbox.sql("SELECT sequence FROM greeted") == [{"sequence": 1}])


async def test_an_event_becomes_a_job_of_celery(server: RabbitServer, outbox: Outbox) -> None:
    celery_job.app.conf.task_always_eager = True
    user_id = str(uuid4())
    await prepare(server, "jobs")
    await publish(server, event_of(1, "user.deleted", user_id))
    async with Consumer(server, outbox, "jobs", celery_job.enqueue):
        await eventually(lambda: user_id in celery_job.closed)


class Index:
    """A stand-in for OpenSearch: its bulk API with external versions, one entry a call."""

    def __init__(self) -> None:
        self.documents: dict[str, dict[str, Any]] = {}
        self.versions: dict[str, int] = {}

    def answer(self, request: httpx.Request) -> httpx.Response:
        head, *rest = [json.loads(line) for line in request.content.decode().splitlines()]
        ((action, where),) = head.items()
        assert (where["version_type"], request.headers["content-type"]) == ("external", "application/x-ndjson")
        status = 409
        if where["version"] > self.versions.get(where["_id"], -1):
            self.versions[where["_id"]] = where["version"]
            status = 200
            if action == "index":
                self.documents[where["_id"]] = rest[0]
            elif self.documents.pop(where["_id"], None) is None:
                status = 404
        return httpx.Response(200, json={"errors": status > 299, "items": [{action: {"status": status}}]})


async def test_the_index_has_the_last_state_of_each_user_and_none_that_is_gone(
    server: RabbitServer, outbox: Outbox
) -> None:
    index, ada, bob = Index(), str(uuid4()), str(uuid4())
    outbox.sql(rabbitmq_consumer.TABLE)
    users = {
        ada: {"username": "ada", "email": "ada@example.com", "created_at": "2026-03-01T00:00:00Z", "roles": []},
        bob: {"username": "bob", "email": "bob@example.com", "created_at": "2026-03-01T00:00:00Z", "roles": []},
    }

    async def read_user(user_id: str) -> dict[str, Any] | None:
        return users[user_id]

    await prepare(server, "search")
    await publish(
        server,
        event_of(1, "user.registered", ada),
        event_of(2, "user.registered", bob),
        event_of(4, "user.deleted", bob),
        event_of(3, "user.username_changed", bob),
    )
    async with (
        httpx.AsyncClient(base_url="http://search.example", transport=httpx.MockTransport(index.answer)) as search,
        Consumer(server, outbox, "search", indexing(search, read_user)),
    ):
        await eventually(lambda: len(outbox.sql("SELECT id FROM doorward_events_done")) == 4)
    assert index.documents == {
        ada: {"username": "ada", "email": "ada@example.com", "created_at": "2026-03-01T00:00:00Z"}
    }
