"""Uploads for imports: few at a time, each with a slot from its first byte and a time limit."""

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import pytest

from doorward.core.exceptions import ServiceUnavailableError
from doorward.domain.items.importing import ImportRequest
from tests.integration.items.catalogue import CSV, IMPORT, Owner, sign_in
from tests.integration.service import PARTS, Logs, MakeService, events, is_problem

BOUND_SECONDS = 60
"""Long, because the machine may be busy."""

UPLOAD_SECONDS = 0.5
IDLE_SECONDS = 1


class SlowFile:
    """A body that starts, and continues when an event is set."""

    def __init__(self) -> None:
        self.has_begun = asyncio.Event()
        self.may_end = asyncio.Event()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b"title\n"
        self.has_begun.set()
        await self.may_end.wait()
        yield b"A\n"


async def never_read() -> AsyncIterator[bytes]:
    raise AssertionError
    yield b""


@pytest.fixture
async def owner(make_service: MakeService, own_database: str) -> Owner:
    """The only user of a service, so that no other user takes its slots."""
    return await sign_in(await make_service(database_url=own_database))


async def test_there_are_two_slots_and_without_one_no_byte_is_read(owner: Owner, logs: Logs) -> None:
    with ExitStack() as slots:
        for _ in range(2):
            slots.enter_context(owner.service.app.state.services.edge.bulk_slot())
        answer = await owner.import_csv(never_read())
        assert is_problem(answer, 503, "service_unavailable")
        assert answer.headers["retry-after"] == "2"
    assert len(events(logs, "database.bulk_places_taken")) == 1
    assert (await owner.import_csv("title\nA\n")).status_code == 200


async def test_with_few_connections_there_is_one_slot(make_service: MakeService) -> None:
    slot = (await make_service(db_pool_max_conn=2)).app.state.services.edge.bulk_slot
    with slot(), pytest.raises(ServiceUnavailableError), slot():
        raise AssertionError


async def test_an_upload_holds_a_slot_and_no_connection(owner: Owner) -> None:
    file = SlowFile()
    async with asyncio.timeout(BOUND_SECONDS), asyncio.TaskGroup() as tasks:
        sending = tasks.create_task(owner.import_csv(aiter(file)))
        await file.has_begun.wait()
        assert owner.service.idle_transactions() == 0
        other = await sign_in(owner.service)
        with owner.service.app.state.services.edge.bulk_slot():
            assert is_problem(await other.import_csv(never_read()), 503, "service_unavailable")
        file.may_end.set()
    assert sending.result().json()["imported"] == 1


async def test_a_file_that_does_not_arrive_in_time_is_refused_and_its_slot_released(
    make_service: MakeService, own_database: str
) -> None:
    parts = replace(PARTS, upload_seconds=UPLOAD_SECONDS)
    # Shorter than the timeout of a stalled upload.
    service = await make_service(parts, database_url=own_database, upload_idle_seconds=60)
    owner = await sign_in(service)
    for _ in range(3):
        async with asyncio.timeout(BOUND_SECONDS / 2):
            answer = await owner.import_csv(aiter(SlowFile()))
        assert is_problem(answer, 408, "upload_too_slow")
        assert answer.headers["connection"] == "close"
    assert (await owner.import_csv("title\nA\n")).status_code == 200
    assert owner.stored() == 1


async def test_a_user_has_one_import_at_a_time_and_does_not_block_others(owner: Owner) -> None:
    file, other = SlowFile(), await sign_in(owner.service)
    async with asyncio.timeout(BOUND_SECONDS), asyncio.TaskGroup() as tasks:
        sending = tasks.create_task(owner.import_csv(aiter(file)))
        await file.has_begun.wait()
        refused = await owner.import_csv(never_read())
        assert is_problem(refused, 429, "import_under_way")
        assert refused.headers["retry-after"] == "10"
        assert (await other.import_csv("title\nA\n")).status_code == 200
        file.may_end.set()
    assert sending.result().json()["imported"] == 1
    assert (await owner.import_csv("title\nA\n")).status_code == 200


@pytest.fixture
async def impatient(make_service: MakeService, own_database: str) -> Owner:
    """Return the user of a service that waits a second for the next part of an upload."""
    return await sign_in(await make_service(database_url=own_database, upload_idle_seconds=IDLE_SECONDS))


async def test_a_stalled_upload_is_refused_long_before_a_minute(impatient: Owner) -> None:
    async with asyncio.timeout(BOUND_SECONDS):
        assert is_problem(await impatient.import_csv(aiter(SlowFile())), 408, "upload_too_slow")


async def test_a_slow_but_steady_upload_is_accepted(impatient: Owner) -> None:
    pieces = 5

    async def steady() -> AsyncIterator[bytes]:
        yield b"title\n"
        for _ in range(pieces):
            await asyncio.sleep(IDLE_SECONDS / 4)
            yield b"A\n" * 10_000

    answer = await impatient.import_csv(steady())
    assert answer.json()["imported"] == pieces * 10_000


async def test_imports_are_limited_per_user_and_hour_for_all_addresses(make_service: MakeService) -> None:
    service = await make_service(rate_limit_enabled=True, rate_limit_import="2/hour")
    owner, other = await sign_in(service), await sign_in(service)
    answers = []
    for number in range(3):
        async with service.client_at(f"198.51.100.{number}") as client:
            headers = {"Authorization": f"Bearer {owner.access}", "Content-Type": CSV}
            answers.append(await client.post(IMPORT, content="title\nA\n", headers=headers))
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert is_problem(answers[-1], 429, "too_many_imports")
    assert 3500 < int(answers[-1].headers["retry-after"]) <= 3600
    assert (await other.import_csv("title\nA\n")).status_code == 200


async def test_the_slot_is_released_before_the_response_is_read(owner: Owner) -> None:
    headers = [(b"authorization", f"Bearer {owner.access}".encode()), (b"content-type", CSV.encode())]
    scope = {"type": "http", "method": "POST", "path": IMPORT, "query_string": b"", "headers": headers}
    statuses: list[int] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"title\nA\n", "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            with owner.service.app.state.services.edge.bulk_slot(), owner.service.app.state.services.edge.bulk_slot():
                statuses.append(message["status"])

    await owner.service.app(scope, receive, send)
    assert statuses == [200]


async def test_a_bulk_transaction_without_a_slot_raises_an_error(owner: Owner) -> None:
    with pytest.raises(RuntimeError, match="without a bulk slot"):
        await owner.service.app.state.services.item_import.run(io.BytesIO(), ImportRequest(owner.id))
