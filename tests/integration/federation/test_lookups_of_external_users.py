"""Database load of calls by external users: lookups are batched, and calls of one subject are limited before them."""

import asyncio

import psycopg
import pytest

from doorward.infrastructure.postgres.batching import MAXIMUM_QUESTIONS
from tests.integration.federation.conftest import Trusting
from tests.integration.federation.issuer import Issuer, trusting
from tests.integration.service import MakeService, is_problem, statuses
from tests.unit.client_library.signing import elliptic_key

CALLS = 50
POOL = 4
LOOKUPS_WAIT = "LOCK TABLE federated_identities IN ACCESS EXCLUSIVE MODE"
FIRST_REQUESTS_WAIT = "LOCK TABLE federated_identities IN SHARE ROW EXCLUSIVE MODE"


@pytest.fixture
async def alone(make_service: MakeService, issuer: Issuer, own_database: str) -> Trusting:
    """Return a service on a separate database, whose tables the test may lock."""
    entry = issuer.entry()
    service = await make_service(
        database_url=own_database, trusted_issuers=trusting(entry), db_pool_max_conn=POOL, db_pool_min_conn=POOL
    )
    return Trusting(service, issuer)


async def test_concurrent_calls_look_up_their_users_in_batches(trusting_service: Trusting) -> None:
    service = trusting_service.service
    tokens = [trusting_service.issuer.token(sub=trusting_service.subject()) for _ in range(2)]
    assert [await trusting_service.status(token) for token in tokens] == [200, 200]
    before = service.connections_asked_for()
    answers = await asyncio.gather(*(service.get_me(token) for token in tokens for _ in range(CALLS)))
    assert statuses(answers) == [403] * len(answers)
    assert service.connections_asked_for() - before <= CALLS / 5


async def test_calls_beyond_the_size_of_one_batch_are_all_answered(trusting_service: Trusting) -> None:
    token = trusting_service.issuer.token(sub=trusting_service.subject())
    assert await trusting_service.status(token) == 200
    calls = 2 * MAXIMUM_QUESTIONS + 1
    answers = await asyncio.gather(*(trusting_service.service.get_me(token) for _ in range(calls)))
    assert statuses(answers) == [403] * calls


async def test_each_of_many_subjects_gets_its_own_user(trusting_service: Trusting) -> None:
    service, issuer = trusting_service.service, trusting_service.issuer
    subjects = [trusting_service.subject() for _ in range(9)]
    tokens = [issuer.token(sub=subject) for subject in subjects]
    assert {await trusting_service.status(token) for token in tokens} == {200}
    ids = [trusting_service.users_of(subject)[0]["id"] for subject in subjects]
    for user_id in ids[::3]:
        service.sql("UPDATE users SET is_active = false WHERE id = %s", user_id)
    calls = (trusting_service.items(token, "POST", json={"title": "An item"}) for token in tokens for _ in range(3))
    for number, answer in enumerate(await asyncio.gather(*calls)):
        subject = number // 3
        assert answer.status_code == (401 if subject % 3 == 0 else 201)
        assert subject % 3 == 0 or answer.json()["owner_id"] == str(ids[subject])


async def test_waiting_lookups_leave_connections_for_other_calls(alone: Trusting) -> None:
    service = alone.service
    _, pair = await service.register_and_log_in()
    token = alone.issuer.token(sub=alone.subject())
    assert await alone.status(token) == 200
    async with await psycopg.AsyncConnection.connect(service.database_url) as holder:
        await holder.execute(LOOKUPS_WAIT)
        calls = [asyncio.create_task(alone.status(token)) for _ in range(CALLS)]
        await service.locks_are_waited_for(1)
        answers = [await service.get_me(pair.access) for _ in range(3)]
    assert statuses(answers) == [200] * 3
    await asyncio.gather(*calls)


async def test_waiting_first_requests_leave_connections_for_other_calls(alone: Trusting) -> None:
    service, subject = alone.service, alone.subject()
    _, pair = await service.register_and_log_in()
    token = alone.issuer.token(sub=subject)
    assert await alone.status(alone.issuer.token(sub=alone.subject())) == 200
    before = service.connections_asked_for()
    async with await psycopg.AsyncConnection.connect(service.database_url) as holder:
        await holder.execute(FIRST_REQUESTS_WAIT)
        calls = [asyncio.create_task(service.get_me(token)) for _ in range(CALLS)]
        await service.locks_are_waited_for(1)
        answers = [await service.get_me(pair.access) for _ in range(3)]
    assert statuses(answers) == [200] * 3
    assert statuses(await asyncio.gather(*calls)) == [403] * CALLS
    assert service.connections_asked_for() - before <= CALLS / 5
    assert len(alone.users_of(subject)) == 1


async def test_a_cancelled_first_request_does_not_cancel_the_others(alone: Trusting) -> None:
    service, subject = alone.service, alone.subject()
    token = alone.issuer.token(sub=subject)
    assert await alone.status(alone.issuer.token(sub=alone.subject())) == 200
    async with await psycopg.AsyncConnection.connect(service.database_url) as holder:
        await holder.execute(FIRST_REQUESTS_WAIT)
        gone, staying = (asyncio.create_task(alone.status(token)) for _ in range(2))
        await service.locks_are_waited_for(1)
        gone.cancel()
    assert isinstance((await asyncio.gather(gone, return_exceptions=True))[0], asyncio.CancelledError)
    assert await staying == 200
    assert len(alone.users_of(subject)) == 1


async def test_a_fault_fails_all_concurrent_first_requests_and_the_next_one_creates_the_user(
    alone: Trusting,
) -> None:
    service, subject = alone.service, alone.subject()
    token = alone.issuer.token(sub=subject)
    service.sql("ALTER TABLE audit_events RENAME TO elsewhere")
    answers = await asyncio.gather(*(service.get_me(token) for _ in range(CALLS)))
    assert statuses(answers) == [503] * CALLS
    assert alone.users_of(subject) == []
    service.sql("ALTER TABLE elsewhere RENAME TO audit_events")
    assert await alone.status(token) == 200


async def test_calls_of_one_subject_are_limited_before_the_lookup_and_other_calls_are_not(
    make_service: MakeService, issuer: Issuer, own_database: str
) -> None:
    service = await make_service(
        database_url=own_database, trusted_issuers=trusting(issuer.entry()), calls_per_user=2, calls_per_address=100
    )
    subject = "bounded"
    token, other = issuer.token(sub=subject), issuer.token(sub="another")
    assert [(await service.items(each)).status_code for each in (token, other)] == [200, 200]
    async with await psycopg.AsyncConnection.connect(service.database_url) as holder:
        await holder.execute(LOOKUPS_WAIT)
        waiting = [asyncio.create_task(service.items(each)) for each in (token, token)]
        await service.locks_are_waited_for(1)
        refused = await asyncio.gather(*(service.items(token) for _ in range(5)))
        forged = issuer.token(sub=subject, by=elliptic_key("forger"), header={"kid": "first"})
        answers = await asyncio.gather(*(service.get_me(forged) for _ in range(5)))
        waiting.append(asyncio.create_task(service.items(other)))
    for answer in refused:
        assert is_problem(answer, 429, "too_many_calls_of_user")
    for answer in answers:
        assert is_problem(answer, 401, "invalid_access_token")
    assert statuses(await asyncio.gather(*waiting)) == [200] * 3
    # The counter is decremented at the end of each call, also of refused calls.
    assert statuses([await service.items(token) for _ in range(3)]) == [200] * 3
