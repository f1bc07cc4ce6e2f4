"""Imports that take long, are interrupted, are too large or too many, or lose their database or their owner."""

import asyncio
import io
import tempfile
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx
import pytest

from doorward.domain.items.exceptions import ItemOwnerGoneError
from doorward.domain.items.importing import ImportRequest, ItemImport
from doorward.domain.items.models import ItemContent
from tests.integration.items.catalogue import CSV, IMPORT, Owner, sign_in
from tests.integration.service import Logs, MakeService, is_problem

LIMIT = 32 * 1024 * 1024
MIB = 1024 * 1024
BOUND_SECONDS = 60
"""Long, because the machine may be busy."""


@asynccontextmanager
async def _held_imports(owner: Owner) -> AsyncIterator[None]:
    """Block imports in PostgreSQL, after all their rows were written, until the context ends."""
    owner.service.sql("CREATE TABLE go (sign text)")
    owner.service.sql(
        "CREATE FUNCTION wait_for_go() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "WHILE NOT EXISTS (SELECT FROM go) LOOP PERFORM pg_sleep(0.01); END LOOP; RETURN NULL; END $$"
    )
    owner.service.sql("CREATE TRIGGER held AFTER INSERT ON items EXECUTE FUNCTION wait_for_go()")
    try:
        yield
    finally:
        owner.service.sql("INSERT INTO go VALUES ('go')")


async def _until_held(owner: Owner, imports: int = 1) -> None:
    async with asyncio.timeout(BOUND_SECONDS):
        while len(_held_backends(owner)) < imports:  # noqa: ASYNC110 - PostgreSQL has no event for this
            await asyncio.sleep(0.01)


def _held_backends(owner: Owner) -> list[dict[str, Any]]:
    return owner.service.sql(
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'"
    )


@pytest.fixture
async def alone(make_service: MakeService, own_database: str) -> Owner:
    """A user in a separate database."""
    return await sign_in(await make_service(database_url=own_database))


async def test_other_calls_are_answered_during_an_import(alone: Owner) -> None:
    async with asyncio.timeout(BOUND_SECONDS), asyncio.TaskGroup() as tasks, _held_imports(alone):
        importing = tasks.create_task(alone.import_csv("title\nA\n"))
        await _until_held(alone)
        assert (await alone.service.get_me(alone.access)).status_code == 200
        assert await alone.titles() == []
        assert not importing.done()
    assert importing.result().json()["imported"] == 1
    assert await alone.titles() == ["A"]


@pytest.mark.parametrize("file", [b"title\n" + b"A\n" * 50, b"title\n" + b"\n" * 50, b"title,year\n" + b"A\n" * 50])
async def test_an_import_of_any_lines_yields_to_other_tasks(owner: Owner, file: bytes) -> None:
    turns = 0
    seen: list[int] = []

    async def take_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    others = asyncio.create_task(take_turns())
    request = ImportRequest(owner.id, skip_bad_lines=True)
    database = owner.service.database
    item_import = ItemImport(database=database, clock=owner.service.clock, maximum_blocking_seconds=0)
    with database.bulk_slot():
        await item_import.run(io.BytesIO(file), request, lambda: seen.append(turns))
    others.cancel()
    assert len(seen) == len(set(seen)) >= 50


async def test_two_imports_run_concurrently_and_a_third_is_refused_for_later(alone: Owner) -> None:
    others = [await sign_in(alone.service) for _ in range(2)]
    async with asyncio.timeout(BOUND_SECONDS), asyncio.TaskGroup() as tasks, _held_imports(alone):
        first = [tasks.create_task(each.import_csv("title\nA\n")) for each in others]
        await _until_held(alone, imports=2)
        third = await alone.import_csv("title\nA\n")
        assert is_problem(third, 503, "service_unavailable")
        assert third.headers["retry-after"] == "2"
    assert [each.result().status_code for each in first] == [200, 200]
    assert (await alone.import_csv("title\nA\n")).status_code == 200
    assert [each.stored() for each in (alone, *others)] == [1, 1, 1]


async def test_a_refused_import_releases_its_slot(owner: Owner) -> None:
    for _ in range(3):
        assert is_problem(await owner.import_csv("title\n\x00\n"), 422, "import_refused")
    assert (await owner.import_csv("title\nA\n")).status_code == 200


async def test_an_import_with_a_lost_connection_stores_nothing(alone: Owner) -> None:
    async with asyncio.timeout(BOUND_SECONDS), asyncio.TaskGroup() as tasks, _held_imports(alone):
        importing = tasks.create_task(alone.import_csv("title\n" + "A\n" * 1000))
        await _until_held(alone)
        alone.service.sql("SELECT pg_terminate_backend(%s, 5000)", _held_backends(alone)[0]["pid"])
        answer = await importing
        assert is_problem(answer, 503, "service_unavailable")
        assert answer.headers["retry-after"] == "2"
    assert alone.stored() == 0
    assert (await alone.import_csv("title\nA\n")).status_code == 200


async def _send(owner: Owner, messages: Iterable[dict[str, Any]]) -> list[Any]:
    """Send an import as these ASGI messages; return the messages of the response."""
    waiting, answer = iter(messages), []
    headers = [(b"authorization", f"Bearer {owner.access}".encode()), (b"content-type", CSV.encode())]
    scope = {"type": "http", "method": "POST", "path": IMPORT, "query_string": b"", "headers": headers}

    async def receive() -> dict[str, Any]:
        return next(waiting)

    async def send(message: Any) -> None:
        answer.append(message)

    await owner.service.app(scope, receive, send)
    return answer


@pytest.mark.parametrize("size", [100, 3 * MIB])
async def test_an_incomplete_body_stores_nothing(owner: Owner, logs: Logs, size: int) -> None:
    body = b"title\n" + b"A\n" * (size // 2)
    messages: list[dict[str, Any]] = [
        {"type": "http.request", "body": body[: size // 2], "more_body": True},
        {"type": "http.request", "body": body[size // 2 :], "more_body": True},
        {"type": "http.disconnect"},
    ]
    assert await _send(owner, messages) == []
    assert owner.stored() == 0
    assert "http.request.crashed" not in logs.text()
    assert [line["event"] for line in logs.lines()[-2:]] == ["http.request.disconnected", "http.request"]
    assert (await owner.import_csv("title\nA\n")).json()["imported"] == 1


async def test_a_content_length_above_32_mib_is_refused_before_the_body_is_read(owner: Owner) -> None:
    async def never_read() -> AsyncIterator[bytes]:
        raise AssertionError
        yield b""

    headers = {"Content-Type": CSV, "Content-Length": str(LIMIT + 1)}
    answer = await owner.call("POST", IMPORT, content=never_read(), headers=headers)
    assert is_problem(answer, 413, "body_too_large")
    assert answer.headers["connection"] == "close"


async def test_a_chunked_body_is_refused_as_soon_as_it_exceeds_32_mib(owner: Owner) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        yield b"title\n"
        while True:
            sent += MIB
            yield b"A\n" * (MIB // 2)

    assert is_problem(await owner.import_csv(endless()), 413, "body_too_large")
    assert sent == LIMIT
    assert owner.stored() == 0


async def test_a_body_of_ten_megabytes_is_accepted(owner: Owner) -> None:
    rows = 10 * MIB // 10_000
    answer = await owner.import_csv("title,description\n" + f"A,{'a' * 10_000}\n" * rows)
    assert (answer.status_code, owner.stored()) == (200, rows)


async def test_a_body_without_a_token_is_not_read(owner: Owner) -> None:
    async def never_read() -> AsyncIterator[bytes]:
        raise AssertionError
        yield b""

    answer: httpx.Response = await owner.service.client.post(
        IMPORT, content=never_read(), headers={"Content-Type": CSV}
    )
    assert is_problem(answer, 401, "missing_access_token")


@pytest.mark.parametrize("step", ["write", "seek"])
async def test_a_body_that_cannot_be_buffered_returns_503(
    owner: Owner, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    if step == "write":
        monkeypatch.setattr(tempfile.SpooledTemporaryFile, "write", full)
    else:
        monkeypatch.setattr(tempfile.SpooledTemporaryFile, "seek", full)
    answer = await owner.import_csv("title\nA\n")
    assert is_problem(answer, 503, "service_unavailable")
    assert answer.headers["retry-after"] == "2"


async def test_an_import_for_a_deleted_owner_is_refused(owner: Owner) -> None:
    gone, state = uuid4(), owner.service.app.state.services
    with pytest.raises(ItemOwnerGoneError), state.edge.bulk_slot():
        await state.item_import.run(io.BytesIO(b"title\nA\n"), ImportRequest(gone))
    with pytest.raises(ItemOwnerGoneError):
        await state.items.create(gone, ItemContent("A"))


async def test_an_unexpected_foreign_key_violation_returns_503(alone: Owner) -> None:
    alone.service.sql("ALTER TABLE items ADD CONSTRAINT other_fkey FOREIGN KEY (id) REFERENCES users (id)")
    assert is_problem(await alone.post({"title": "A"}), 503, "service_unavailable")
