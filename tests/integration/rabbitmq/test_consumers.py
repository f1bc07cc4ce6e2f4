"""The example consumers on a real RabbitMQ: each event has its effect once, and is acknowledged after the commit."""

import asyncio
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from examples import celery_job, rabbitmq_consumer
from examples.search_indexer import SearchIndex, indexing
from tests.integration.outbox.messages import Outbox, eventually
from tests.integration.rabbitmq.broker import RabbitServer
from tests.integration.rabbitmq.consumers import Consumer, event_of, prepare, publish, waiting
from tests.integration.rabbitmq.search_stand_in import SearchStandIn, user_called


@pytest.fixture
def outbox(own_database: str) -> Outbox:
    return Outbox(own_database)


async def test_a_duplicate_is_ignored_and_a_failing_event_becomes_a_dead_letter(
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
            while not await waiting(server, "greetings.dead"):  # noqa: ASYNC110 - another process is polled
                await asyncio.sleep(0.05)
    assert outbox.sql("SELECT sequence FROM greeted ORDER BY sequence") == [{"sequence": 1}, {"sequence": 2}]
    assert await waiting(server, "greetings") == 0
    assert await waiting(server, "greetings.dead") == 1


async def test_uncommitted_work_is_repeated(server: RabbitServer, outbox: Outbox) -> None:
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


async def test_an_event_becomes_a_celery_task(server: RabbitServer, outbox: Outbox) -> None:
    celery_job.app.conf.task_always_eager = True
    user_id = str(uuid4())
    await prepare(server, "jobs")
    await publish(server, event_of(1, "user.deleted", user_id))
    async with Consumer(server, outbox, "jobs", celery_job.enqueue):
        await eventually(lambda: user_id in celery_job.closed)


async def test_each_consumer_of_one_database_gets_every_event(server: RabbitServer, outbox: Outbox) -> None:
    done: list[str] = []

    async def note(_: rabbitmq_consumer.Connection, event: dict[str, Any]) -> None:
        done.append(event["id"])

    await prepare(server, "one")
    await prepare(server, "two")
    event = event_of(1)
    await publish(server, event)
    async with Consumer(server, outbox, "one", note):
        await eventually(lambda: done == [event["id"]])
    async with Consumer(server, outbox, "two", note):
        await eventually(lambda: done == [event["id"]] * 2)


async def test_the_index_has_the_latest_state_of_each_user_and_no_deleted_one(
    server: RabbitServer, outbox: Outbox
) -> None:
    stand_in, ada, bob = SearchStandIn(), str(uuid4()), str(uuid4())
    outbox.sql(rabbitmq_consumer.TABLE)

    async def read_user(user_id: str) -> dict[str, Any]:
        return {**user_called(user_id), "roles": []}

    about_no_single_user = {**event_of(5, "user.all_exported"), "data": {"user_id": None, "count": 2}}
    await prepare(server, "search")
    await publish(
        server,
        event_of(1, "user.registered", ada),
        event_of(2, "user.registered", bob),
        event_of(4, "user.deleted", bob),
        event_of(3, "user.username_changed", bob),
        about_no_single_user,
    )
    async with (
        stand_in.client() as search,
        Consumer(server, outbox, "search", indexing(read_user, SearchIndex(search, "users-1"))),
    ):
        await eventually(lambda: len(outbox.sql("SELECT id FROM doorward_events_done")) == 5)
    assert stand_in.documents == {ada: user_called(ada)}


async def test_an_event_waits_while_the_index_is_unavailable(server: RabbitServer, outbox: Outbox) -> None:
    stand_in, ada = SearchStandIn(), str(uuid4())

    async def read_user(user_id: str) -> dict[str, Any]:
        return user_called(user_id)

    await prepare(server, "away")
    await publish(server, event_of(1, "user.registered", ada))
    async with stand_in.client() as search:
        handle = indexing(read_user, SearchIndex(search, "users-1"))
        stand_in.is_away = True
        async with Consumer(server, outbox, "away", handle) as task:
            await eventually(task.done)
        stand_in.is_away = False
        async with Consumer(server, outbox, "away", handle):
            await eventually(lambda: stand_in.documents == {ada: user_called(ada)})
    assert await waiting(server, "away.dead") == 0
