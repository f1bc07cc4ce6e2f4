"""User names and addresses are unique in every spelling."""

import asyncio
import time
import unicodedata

import httpx
import psycopg
import pytest

from development.client import PASSWORD, REGISTER
from tests.integration.service import Service, is_problem, mark, statuses

FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}


def _body(name: str, email: str | None = None) -> dict[str, str]:
    return {"email": email or f"{mark()}@example.com", "username": name, "password": PASSWORD}


def _wait_until_blocked_by(other: psycopg.Connection, service: Service, call: asyncio.Task[httpx.Response]) -> None:
    """Wait until the connection blocks another one, or until the call that should be blocked has returned."""
    held_up = "SELECT pid FROM pg_stat_activity WHERE %s = ANY(pg_blocking_pids(pid))"
    while not call.done() and not service.sql(held_up, other.info.backend_pid):
        time.sleep(0.01)


async def test_a_taken_name_returns_409_in_any_spelling(service: Service) -> None:
    name = mark()
    first = await service.client.post(REGISTER, json=_body(name))
    for spelling in (name, name.upper(), name.translate(FULL_WIDTH)):
        assert is_problem(await service.client.post(REGISTER, json=_body(spelling)), 409, "username_taken")
    assert first.status_code == 201


async def test_a_taken_address_returns_409_in_any_spelling(service: Service) -> None:
    email = f"{mark()}@example.com"
    first = await service.client.post(REGISTER, json=_body(mark(), email))
    for spelling in (email, email.upper(), email.translate(FULL_WIDTH)):
        assert is_problem(await service.client.post(REGISTER, json=_body(mark(), spelling)), 409, "email_taken")
    assert first.status_code == 201


async def test_composed_decomposed_and_ascii_spellings_are_the_same_address(service: Service) -> None:
    local = mark()
    spellings = [
        f"{local}@b\u00fccher.example.com",
        unicodedata.normalize("NFD", f"{local}@b\u00fccher.example.com"),
        f"{local}@xn--bcher-kva.example.com",
    ]
    answers = [await service.client.post(REGISTER, json=_body(mark(), each)) for each in spellings]
    assert statuses(answers) == [201, 409, 409]


async def test_a_refused_registration_creates_no_account(service: Service) -> None:
    person, name = await service.register(), mark()
    answer = await service.client.post(REGISTER, json=_body(name, person.email))
    assert answer.status_code == 409
    assert (await service.client.post(REGISTER, json=_body(name))).status_code == 201


async def test_of_48_concurrent_registrations_of_one_name_exactly_one_succeeds(service: Service) -> None:
    name = mark()
    spellings = [name, name.upper(), name.title(), name.translate(FULL_WIDTH)] * 12
    answers = await asyncio.gather(*(service.client.post(REGISTER, json=_body(each)) for each in spellings))
    assert statuses(answers) == [201] + [409] * 47
    assert service.sql("SELECT count(*) FROM users WHERE username_key = %s", name) == [{"count": 1}]


async def test_of_concurrent_registrations_of_one_address_exactly_one_succeeds(service: Service) -> None:
    email = f"{mark()}@example.com"
    spellings = [email, email.upper(), email.translate(FULL_WIDTH)] * 8
    answers = await asyncio.gather(*(service.client.post(REGISTER, json=_body(mark(), each)) for each in spellings))
    assert statuses(answers) == [201] + [409] * 23
    assert service.sql("SELECT count(*) FROM users WHERE email_key = %s", email) == [{"count": 1}]


@pytest.mark.parametrize(("end", "status"), [("COMMIT", 409), ("ROLLBACK", 201)])
@pytest.mark.parametrize("field", ["username", "email"])
async def test_a_registration_waits_for_a_concurrent_one_with_the_same_name_or_address(
    service: Service, field: str, end: str, status: int
) -> None:
    body = _body(mark())
    claimed = {**_body(mark()), field: body[field]}
    with psycopg.connect(service.database_url) as other:
        other.execute(
            "INSERT INTO users (id, email, email_key, username, username_key, password_hash)"
            " VALUES (gen_random_uuid(), %(email)s, %(email)s, %(username)s, %(username)s, '')",
            claimed,
        )
        call = asyncio.create_task(service.client.post(REGISTER, json={**body, field: body[field].upper()}))
        await asyncio.to_thread(_wait_until_blocked_by, other, service, call)
        assert not call.done(), "it did not wait"
        other.execute(end.encode())
    assert (await call).status_code == status


async def test_the_stored_hash_has_the_documented_format_and_the_current_cost(service: Service) -> None:
    person = await service.register()
    (row,) = service.sql("SELECT password_hash FROM users WHERE id = %s", person.id)
    assert row["password_hash"].startswith("$bcrypt-sha256$v=2,t=2b,r=4$")


async def test_taken_names_and_addresses_are_not_in_the_log_of_postgresql(service: Service) -> None:
    person = await service.register()
    for body in (_body(person.username), _body(mark(), person.email)):
        assert (await service.client.post(REGISTER, json=body)).status_code == 409
    (row,) = service.sql("SELECT pg_read_file('server.log') AS log")
    assert person.email not in row["log"]
    assert person.username not in row["log"]
