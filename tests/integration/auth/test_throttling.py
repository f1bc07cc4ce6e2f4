"""Throttling per account: the number of checked guesses, equal refusals for unknown names, and access for the owner."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any, NoReturn
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest

from development.client import PASSWORD, TOKEN, Person
from development.long_timeouts import LONG_TIMEOUTS
from doorward.core.exceptions import ServiceUnavailableError
from doorward.domain.auth.exceptions import LoginThrottledError, TooManyHashesError
from doorward.domain.auth.login.throttling import LOGIN_CURVE, STRANGERS, Curve, ThrottledClient, Throttling
from doorward.domain.auth.models import ClientKind
from doorward.domain.auth.ports import ClientLeftError
from doorward.infrastructure.postgres.database import PostgresDatabase
from doorward.wiring.throttling import create_throttling
from tests.integration.hashers import FailingHasher
from tests.integration.service import PARTS, Logs, MakeService, Service, events, facts, is_problem, statuses
from tests.integration.statements import sent_by

FREE, MOST = LOGIN_CURVE.free, LOGIN_CURVE.most
HOUR = timedelta(hours=1)
ELSEWHERE, DEVICE = "198.51.100.9", "Doorward-Device"


@pytest.fixture
def throttling(service: Service) -> Throttling:
    """Return the throttling of the service, with its database and key."""
    return create_throttling(service.settings.keys, service.database)


async def log_in(
    service: Service, name: str, password: str, *, at: str = ELSEWHERE, device: str = ""
) -> httpx.Response:
    form = {"username": name, "password": password}
    async with service.client_at(at) as client:
        return await client.post(
            TOKEN, data=form, headers={DEVICE.encode(): device.encode("latin-1")} if device else {}
        )


async def exhaust(service: Service, throttling: Throttling, subject: UUID | str) -> None:
    """Use up all free attempts of strangers, and set the next attempt to be due in an hour."""
    for _ in range(FREE):
        await throttling.reserve(subject, STRANGERS)
    let_time_pass(service, throttling, subject, -HOUR)


def rows_of(service: Service, throttling: Throttling, subject: UUID | str) -> list[dict[str, Any]]:
    return service.sql("SELECT * FROM login_throttles WHERE bucket = %s", throttling.bucket(subject))


def let_time_pass(service: Service, throttling: Throttling, subject: UUID | str, time: timedelta) -> None:
    service.sql(
        "UPDATE login_throttles SET next_at = next_at - %s, seen_at = seen_at - %s WHERE bucket = %s",
        time, time, throttling.bucket(subject),
    )  # fmt: skip


async def test_the_delay_follows_the_curve_after_every_number_of_failures(
    service: Service, throttling: Throttling
) -> None:
    subject = uuid4()
    clients = [ThrottledClient(ClientKind.DEVICE, bytes([number])) for number in range(MOST + 1)]
    service.sql(
        "INSERT INTO login_throttles SELECT %s, client, position - 1, '2026-01-01', '2026-01-01'"
        " FROM unnest(%s::bytea[]) WITH ORDINALITY AS given (client, position)",
        throttling.bucket(subject), [client.key for client in clients],
    )  # fmt: skip
    for client in clients[:-1]:
        await throttling.reserve(subject, client)
    with pytest.raises(LoginThrottledError):
        await throttling.reserve(subject, clients[-1])
    rows = {row["client"]: row for row in rows_of(service, throttling, subject)}
    for number, client in enumerate(clients[:-1], start=1):
        row = rows[client.key]
        assert row["failures"] == number
        assert abs(row["next_at"] - row["seen_at"] - LOGIN_CURVE.delay_after(number)) < timedelta(milliseconds=100)


async def test_after_twenty_wrong_passwords_the_next_is_not_checked_until_the_delay_is_over(
    service: Service, throttling: Throttling
) -> None:
    person = await service.register()
    for _ in range(FREE):
        assert (await log_in(service, person.username, "wrong password")).status_code == 401
    # Times are moved away from the present, so that the test's own duration does not matter.
    let_time_pass(service, throttling, UUID(person.id), -HOUR)
    refused = await log_in(service, person.email, PASSWORD)
    assert is_problem(refused, 429, "login_throttled")
    assert refused.json()["error"] == "temporarily_unavailable"
    assert 3600 < int(refused.headers["retry-after"]) <= 3615
    let_time_pass(service, throttling, UUID(person.id), HOUR + timedelta(seconds=15))
    assert (await log_in(service, person.username, "wrong password")).status_code == 401
    let_time_pass(service, throttling, UUID(person.id), -HOUR)
    refused = await log_in(service, person.username, PASSWORD)
    assert 3600 < int(refused.headers["retry-after"]) <= 3617
    let_time_pass(service, throttling, UUID(person.id), HOUR + timedelta(seconds=17))
    assert (await log_in(service, person.username, PASSWORD)).status_code == 200
    assert rows_of(service, throttling, UUID(person.id)) == []


@pytest.mark.parametrize("failed", [0, FREE - 1, FREE])
async def test_a_refusal_has_the_same_response_and_statements_for_all_names(
    service: Service, throttling: Throttling, monkeypatch: pytest.MonkeyPatch, failed: int
) -> None:
    person, sleeper, unknown = await service.register(), await service.register(), f"nobody-{uuid4().hex[:16]}"
    service.set_active(sleeper, active=False)
    subjects: dict[str, UUID | str] = {
        person.username: UUID(person.id), sleeper.username: UUID(sleeper.id), unknown: unknown
    }  # fmt: skip
    for subject in subjects.values():
        for _ in range(failed):
            await throttling.reserve(subject, STRANGERS)
        let_time_pass(service, throttling, subject, -HOUR if failed == FREE else timedelta(0))
    names = {person.username: "wrong password", sleeper.username: PASSWORD, unknown: PASSWORD}
    sent = [await sent_by(log_in(service, *each), monkeypatch) for each in names.items()]
    assert sent[0] == sent[1] == sent[2]
    assert len(sent[0]) == (3 if failed == FREE else 2)
    for subject in subjects.values():
        let_time_pass(service, throttling, subject, timedelta(0) if failed == 0 else -HOUR)
    answers = [await log_in(service, name, password) for name, password in names.items()]
    due = 429 if failed >= FREE - 1 else 401
    assert statuses(answers) == [due] * 3
    comparable = [{**answer.json(), "correlation_id": ""} for answer in answers]
    assert all(("retry-after" in answer.headers) == (due == 429) for answer in answers)
    assert comparable[0] == comparable[1] == comparable[2]


async def test_twenty_concurrent_right_passwords_all_log_in(make_service: MakeService) -> None:
    service = await make_service(db_pool_min_conn=8)
    person = await service.register()
    answers = await asyncio.gather(*(log_in(service, person.username, PASSWORD) for _ in range(FREE)))
    assert statuses(answers) == [200] * FREE


async def test_of_five_hundred_concurrent_attempts_twenty_are_checked(service: Service) -> None:
    throttling = Throttling(database=service.database, key=b"k" * 64, curve=Curve(first_delay=HOUR))
    subject = uuid4()
    outcomes = await asyncio.gather(
        *(throttling.reserve(subject, STRANGERS) for _ in range(500)), return_exceptions=True
    )
    refused = [outcome for outcome in outcomes if isinstance(outcome, LoginThrottledError)]
    assert len(outcomes) - len(refused) == FREE
    assert all(1 <= (each.retry_after_seconds or 0) <= 3600 for each in refused)
    assert [row["failures"] for row in rows_of(service, throttling, subject)] == [FREE]


async def test_an_attempt_that_waited_for_the_row_lock_uses_the_time_after_the_wait(
    service_alone: Service,
) -> None:
    throttling, subject = create_throttling(service_alone.settings.keys, service_alone.database), uuid4()
    await throttling.reserve(subject, STRANGERS)
    holding = "UPDATE login_throttles SET failures = 5, next_at = clock_timestamp() WHERE bucket = %s"
    async with await psycopg.AsyncConnection.connect(service_alone.database_url) as other:
        await other.execute("SELECT FROM login_throttles FOR UPDATE")
        waiting = asyncio.create_task(throttling.reserve(subject, STRANGERS))
        await service_alone.locks_are_waited_for(1)
        await other.execute(holding, [throttling.bucket(subject)])
        await other.commit()
    await waiting
    assert [row["failures"] for row in rows_of(service_alone, throttling, subject)] == [6]


async def throttled_by_strangers(service: Service, throttling: Throttling) -> tuple[Person, str]:
    """Return a person throttled by strangers, with the device token of an earlier login."""
    person = await service.register()
    answer = await service.post_token(person.username, PASSWORD)
    await exhaust(service, throttling, UUID(person.id))
    assert (await log_in(service, person.username, PASSWORD)).status_code == 429
    return person, answer.headers[DEVICE]


async def test_the_owner_logs_in_from_a_known_device_and_strangers_are_refused(
    service: Service, throttling: Throttling
) -> None:
    person, device = await throttled_by_strangers(service, throttling)
    assert (await log_in(service, person.username, PASSWORD, at="192.0.2.1", device=device)).status_code == 200
    assert (await log_in(service, person.username, PASSWORD)).status_code == 429


async def test_the_owner_logs_in_only_from_the_address_of_a_live_session(
    service: Service, throttling: Throttling
) -> None:
    person, _ = await throttled_by_strangers(service, throttling)
    pair = await service.log_in(person)
    service.sql("UPDATE sessions SET expires_at = '2026-02-01' WHERE user_id = %s", person.id)
    assert is_problem(await service.post_token(person.username, PASSWORD), 429, "login_throttled")
    service.sql("UPDATE sessions SET expires_at = '2026-04-01' WHERE user_id = %s", person.id)
    await service.post_revoke(pair.refresh)
    assert (await service.post_token(person.username, PASSWORD)).status_code == 200
    service.sql("UPDATE users SET session_epoch = session_epoch + 1 WHERE id = %s", person.id)
    assert is_problem(await service.post_token(person.username, PASSWORD), 429, "login_throttled")


async def test_each_known_device_has_its_own_limit_of_attempts(service: Service, throttling: Throttling) -> None:
    person, device = await throttled_by_strangers(service, throttling)
    for _ in range(FREE):
        assert (await log_in(service, person.username, "wrong password", device=device)).status_code == 401
    let_time_pass(service, throttling, UUID(person.id), -HOUR)
    assert is_problem(await log_in(service, person.username, PASSWORD, device=device), 429, "login_throttled")
    by_address = await service.post_token(person.username, PASSWORD)
    assert by_address.status_code == 200
    other = by_address.headers[DEVICE]
    assert (await log_in(service, person.username, PASSWORD, at="192.0.2.1", device=other)).status_code == 200


async def test_each_known_address_has_its_own_limit_of_attempts(service: Service) -> None:
    person, addresses = await service.register(), ("192.0.2.1", "192.0.2.2")
    for each in addresses:
        assert (await log_in(service, person.username, PASSWORD, at=each)).status_code == 200
    for _ in range(FREE):
        assert (await log_in(service, person.username, "wrong password", at=addresses[0])).status_code == 401
    assert (await log_in(service, person.username, PASSWORD, at=addresses[0])).status_code == 429
    assert (await log_in(service, person.username, PASSWORD, at=addresses[1])).status_code == 200


async def test_a_device_of_another_user_or_an_ended_epoch_is_not_recognised(
    service: Service, throttling: Throttling
) -> None:
    person, device = await throttled_by_strangers(service, throttling)
    other = await service.register()
    foreign = (await service.post_token(other.username, PASSWORD)).headers[DEVICE]
    for shown in (foreign, device[:-1], "dwd_", "x" * 5000, "\u00e9"):
        assert (await log_in(service, person.username, PASSWORD, device=shown)).status_code == 429
    service.sql("UPDATE users SET session_epoch = session_epoch + 1 WHERE id = %s", person.id)
    assert (await log_in(service, person.username, PASSWORD, device=device)).status_code == 429


async def test_a_cleared_account_can_be_tried_again_at_once(service: Service, throttling: Throttling) -> None:
    person, _ = await throttled_by_strangers(service, throttling)
    async with service.database.transaction() as connection:
        assert await throttling.forget_all(connection, UUID(person.id)) == 1
    assert (await log_in(service, person.username, PASSWORD)).status_code == 200


@pytest.mark.parametrize("fault", [ServiceUnavailableError, TooManyHashesError, ClientLeftError])
async def test_an_attempt_that_was_not_made_does_not_count(
    service: Service, make_service: MakeService, throttling: Throttling, fault: type[Exception]
) -> None:
    person = await service.register()
    failing = await make_service(replace(PARTS, hasher=FailingHasher(fault())))
    for _ in range(FREE - 1):
        await throttling.reserve(UUID(person.id), STRANGERS)
    for _ in range(3):
        with pytest.raises(fault):
            await failing.app.state.services.login.login(name=person.username, password=PASSWORD)
    assert (await log_in(service, person.username, "wrong password")).status_code == 401
    let_time_pass(service, throttling, UUID(person.id), -HOUR)
    assert (await log_in(service, person.username, PASSWORD)).status_code == 429


class DatabaseWithoutTransactions(PostgresDatabase):
    def transaction(self) -> NoReturn:
        raise ServiceUnavailableError


async def test_a_login_that_could_not_be_stored_does_not_count(
    service: Service, make_service: MakeService, throttling: Throttling
) -> None:
    person = await service.register()
    database = DatabaseWithoutTransactions(service.settings.database, timeouts=LONG_TIMEOUTS)
    failing = await make_service(replace(PARTS, database=database))
    assert (await log_in(failing, person.username, PASSWORD)).status_code == 503
    assert [row["failures"] for row in rows_of(service, throttling, UUID(person.id))] == [0]


async def test_a_refusal_is_logged_with_the_user_and_counted_separately(
    service: Service, throttling: Throttling, logs: Logs
) -> None:
    person, _ = await throttled_by_strangers(service, throttling)
    (line,) = events(logs, "auth.login.throttled")
    assert facts(line, "counted_as", "target_user_id", "outcome") == ("strangers", person.id, "failure")
    assert events(logs, "budget.exceeded") == []
    assert service.sql("SELECT FROM audit_events WHERE user_id = %s AND type LIKE 'login.%%'", person.id) == []
    assert person.username not in json.dumps(line)


async def test_a_login_is_seven_statements_from_a_known_device_and_eight_from_a_new_one(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = await service.register()
    device = (await service.post_token(person.username, PASSWORD)).headers[DEVICE]
    known = await sent_by(log_in(service, person.username, PASSWORD, device=device), monkeypatch)
    assert len(known) == 7
    sent = await sent_by(log_in(service, person.username, PASSWORD), monkeypatch)
    assert [statement.split()[0] for statement in sent] == [
        "SELECT", "INSERT", "SELECT", "WITH", "WITH", "DELETE", "INSERT", "DELETE"
    ]  # fmt: skip
