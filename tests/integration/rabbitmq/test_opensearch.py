"""The example indexer with a real OpenSearch and a real RabbitMQ. It is skipped if OpenSearch is missing."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from typing import Any
from uuid import uuid4

import httpx
import pytest
from aio_pika.exceptions import ChannelNotFoundEntity

from development.client import ApiClient, Person, http_client
from development.opensearch.server import HOW_TO_GET_IT, OpenSearchServer, is_installed
from development.proof.service import proof_settings, running_service
from examples import rabbitmq_consumer
from examples.search_indexer import SearchIndex, entry, indexing
from tests.integration.outbox.messages import Outbox, eventually
from tests.integration.rabbitmq.broker import RabbitServer
from tests.integration.rabbitmq.consumers import Consumer, event_of, prepare, publish, waiting
from tests.integration.rabbitmq.search_stand_in import SearchStandIn, user_called

pytestmark = pytest.mark.skipif(not is_installed(), reason=HOW_TO_GET_IT)


@pytest.fixture(scope="module")
def opensearch() -> Iterator[OpenSearchServer]:
    server = OpenSearchServer()
    try:
        server.start()
        yield server
    finally:
        server.close()


@pytest.fixture
async def search(opensearch: OpenSearchServer) -> AsyncIterator[httpx.AsyncClient]:
    async with http_client(opensearch.url, timeout=60) as client:
        yield client


@pytest.fixture
def outbox(own_database: str) -> Outbox:
    outbox = Outbox(own_database)
    outbox.sql(rabbitmq_consumer.TABLE)
    return outbox


async def found(search: httpx.AsyncClient, index: str, **query: str) -> list[str]:
    """Return the user names that a search finds."""
    await search.post(f"/{index}/_refresh")
    answer = await search.post(f"/{index}/_search", json={"query": {"match": query} if query else {"match_all": {}}})
    return sorted(hit["_source"]["username"] for hit in answer.raise_for_status().json()["hits"]["hits"])


async def test_the_stand_in_returns_the_same_responses_as_opensearch(search: httpx.AsyncClient) -> None:
    index, ada, bob, eve = SearchIndex(search, "users-91"), *(str(uuid4()) for _ in range(3))
    await index.create()
    await index.create()
    written = [(ada, 0), (ada, 4), (ada, 4), (ada, 3), (bob, 2), (ada, 5)]
    entries = [entry(index.name, user_id, version, user_called("ada")) for user_id, version in written]
    removed = [(ada, 5), (ada, 6), (ada, 7), (eve, 1), (eve, 1)]
    entries += [entry(index.name, user_id, version, None) for user_id, version in removed]
    entries += [entry(index.name, ada, 6, user_called("ada")), entry(index.name, ada, 8, user_called("ada"))]
    stand_in = SearchStandIn()
    answers = []
    for client in (search, stand_in.client()):
        body, headers = "".join(entries), {"Content-Type": "application/x-ndjson"}
        items = (await client.post("/_bulk", content=body, headers=headers)).json()["items"]
        results = [next(iter(item.values())) for item in items]
        answers.append([(result["status"], result.get("error", {}).get("type")) for result in results])
    assert answers[0] == answers[1]
    assert {status for status, _ in answers[0]} == {200, 201, 404, 409}
    assert await found(search, index.name) == sorted(user["username"] for user in stand_in.documents.values())


async def test_late_and_duplicate_events_change_nothing(
    search: httpx.AsyncClient, server: RabbitServer, outbox: Outbox
) -> None:
    index, ada, bob = SearchIndex(search, "users-92"), str(uuid4()), str(uuid4())
    await index.create()
    names = {ada: "ada", bob: "bob"}

    async def read_user(user_id: str) -> dict[str, Any]:
        return user_called(names[user_id])

    events = [
        event_of(1, "user.registered", ada),
        event_of(2, "user.registered", bob),
        event_of(4, "user.deleted", bob),
        event_of(3, "user.username_changed", bob),
    ]
    await prepare(server, "late")
    await prepare(server, "again")
    await publish(server, *events, *events)
    for queue in ("late", "again"):
        async with Consumer(server, outbox, queue, indexing(read_user, index)):
            await eventually(
                lambda queue=queue: (  # type: ignore[misc]
                    len(outbox.sql("SELECT id FROM doorward_events_done WHERE queue = %s", queue)) == len(events)
                )
            )
        assert await found(search, index.name) == ["ada"]


async def test_an_event_waits_while_opensearch_is_unavailable(
    opensearch: OpenSearchServer, server: RabbitServer, outbox: Outbox
) -> None:
    ada = str(uuid4())

    async def read_user(_: str) -> dict[str, Any]:
        return user_called("ada")

    async with http_client(opensearch.url, timeout=60) as search:
        index = SearchIndex(search, "users-93")
        await index.create()
        await prepare(server, "killed")
        await publish(server, event_of(1, "user.registered", ada))
        opensearch.kill()
        async with Consumer(server, outbox, "killed", indexing(read_user, index)) as task:
            await eventually(task.done)
        await asyncio.to_thread(opensearch.start)
        async with Consumer(server, outbox, "killed", indexing(read_user, index)):
            await eventually(lambda: bool(outbox.sql("SELECT id FROM doorward_events_done")))
        assert await found(search, index.name) == ["ada"]
    assert await waiting(server, "killed.dead") == 0


async def test_a_refused_document_is_a_dead_letter_and_the_next_one_is_indexed(
    search: httpx.AsyncClient, server: RabbitServer, outbox: Outbox
) -> None:
    index, bad = SearchIndex(search, "users-94"), str(uuid4())
    await index.create()

    async def read_user(user_id: str) -> dict[str, Any]:
        return user_called("ada") | ({"created_at": "no time"} if user_id == bad else {})

    await prepare(server, "refused")
    await publish(server, event_of(1, "user.registered", bad), event_of(2, "user.registered"))
    async with Consumer(server, outbox, "refused", indexing(read_user, index)):
        await eventually(lambda: bool(outbox.sql("SELECT id FROM doorward_events_done")))
    assert await found(search, index.name) == ["ada"]
    assert await waiting(server, "refused.dead") == 1


ADMIN = Person("", "ada@example.com", "ada", "correct horse battery")


class Story:
    """The service and the indexer as processes, started as documented."""

    def __init__(self, api: ApiClient, opensearch: OpenSearchServer, server: RabbitServer, outbox: Outbox) -> None:
        self._api = api
        self._environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join(sys.path),
            "DOORWARD_URL": str(api.client.base_url),
            "DOORWARD_USERNAME": ADMIN.username,
            "DOORWARD_PASSWORD": ADMIN.password,
            "OPENSEARCH_URL": opensearch.url,
            "RABBITMQ_URL": server.url,
            "DATABASE_URL": outbox.url,
        }

    async def register(self, name: str) -> str:
        answer = await self._api.post_register(name, f"{name}@example.com", "three red kites circling")
        user_id: str = answer.raise_for_status().json()["id"]
        return user_id

    async def change(self, method: str, user_id: str, **options: Any) -> None:
        token = (await self._api.log_in(ADMIN)).access
        answer = await self._api.authorized(method, f"/api/v1/admin/users/{user_id}", token, **options)
        answer.raise_for_status()

    @contextmanager
    def indexer(self, index: str) -> Iterator[subprocess.Popen[bytes]]:
        environment = {**self._environment, "INDEX": index}
        process = subprocess.Popen([sys.executable, "-m", "examples.search_indexer"], env=environment)
        try:
            yield process
        finally:
            process.terminate()
            process.wait()

    def fill(self, index: str) -> None:
        command = [sys.executable, "-m", "examples.search_indexer", "fill"]
        subprocess.run(command, env={**self._environment, "INDEX": index}, check=True)


def create_admin(settings: dict[str, str]) -> None:
    command = [sys.executable, "-m", "doorward", "create-admin", ADMIN.email, "--username", ADMIN.username]
    environment = {"PATH": os.environ["PATH"], **settings}
    password = f"{ADMIN.password}\n".encode()
    subprocess.run([*command, "--password-stdin"], env=environment, input=password, check=True)


async def is_found(search: httpx.AsyncClient, index: str, *names: str) -> None:
    """Wait until the index has exactly these users."""
    async with asyncio.timeout(60):
        while await found(search, index) != sorted(names):  # noqa: ASYNC110 - another process is polled
            await asyncio.sleep(0.05)


async def is_consumed(server: RabbitServer, name: str) -> None:
    """Wait until the queue exists and has a consumer."""
    connection = await server.connect()
    async with connection, asyncio.timeout(60):
        while True:
            with suppress(ChannelNotFoundEntity):
                queue = await (await connection.channel()).get_queue(name)
                if queue.declaration_result.consumer_count:
                    return
            await asyncio.sleep(0.05)


async def test_an_index_follows_the_users_and_can_be_replaced_by_another(
    opensearch: OpenSearchServer, search: httpx.AsyncClient, server: RabbitServer, outbox: Outbox
) -> None:
    settings = proof_settings(outbox.url, RABBITMQ_URL=server.url)
    create_admin(settings)
    with running_service(settings) as url:
        async with ApiClient(http_client(url, timeout=60)) as api:
            story = Story(api, opensearch, server, outbox)
            before = await story.register("before")
            with story.indexer("users-1"):
                await is_consumed(server, "search.users-1")
                story.fill("users-1")
                await is_found(search, "users", "ada", "before")
                grace, bob = await story.register("grace"), await story.register("bob")
                await story.change("PATCH", grace, json={"username": "hopper"})
                await story.change("PATCH", before, json={"username": "older"})
                await story.change("DELETE", bob, params={"now": "true"})
                await is_found(search, "users", "ada", "hopper", "older")
                assert await found(search, "users", username="Hopper") == ["hopper"]
                assert await found(search, "users", username="grace") == []
                assert await found(search, "users", **{"email.exact": "GRACE@example.com"}) == ["hopper"]
                with story.indexer("users-2"):
                    await is_consumed(server, "search.users-2")
                    await story.change("DELETE", before, params={"now": "true"})
                    await story.register("eve")
                    await is_found(search, "users-2", "eve")
                    story.fill("users-2")
                    await is_found(search, "users", "ada", "eve", "hopper")
                    (index,) = (await search.get("/_alias/users")).json()
                    assert index == "users-2"
    assert [await waiting(server, f"search.{index}.dead") for index in ("users-1", "users-2")] == [0, 0]
