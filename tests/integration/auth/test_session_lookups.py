"""Concurrent session lookups share queries, and each gets the same result as a single one."""

import asyncio

import httpx
import psycopg

from doorward.infrastructure.postgres.batching import MAXIMUM_QUERIES, MAXIMUM_QUESTIONS
from tests.integration.passkeys.keyring import ORIGIN
from tests.integration.service import Logs, MakeService, Service, events, statuses
from tests.integration.web.visitor import Visitor

CALLS = 50


async def _start_blocked_queries(service: Service, access: str) -> list[asyncio.Task[httpx.Response]]:
    """Start the maximum number of concurrent queries, and return when all of them wait for a lock."""
    tasks: list[asyncio.Task[httpx.Response]] = []
    for number in range(1, MAXIMUM_QUERIES + 1):
        tasks.append(asyncio.create_task(service.get_me(access)))
        await service.locks_are_waited_for(number)
    return tasks


async def test_concurrent_calls_share_one_query(service: Service) -> None:
    _, pair = await service.register_and_log_in()
    before = service.connections_asked_for()
    answers = await asyncio.gather(*(service.get_me(pair.access) for _ in range(CALLS)))
    assert statuses(answers) == [200] * CALLS
    assert service.connections_asked_for() - before <= CALLS / 5


async def test_more_calls_than_fit_in_one_query_are_all_answered(service: Service) -> None:
    _, pair = await service.register_and_log_in()
    calls = 2 * MAXIMUM_QUESTIONS + 1
    answers = await asyncio.gather(*(service.get_me(pair.access) for _ in range(calls)))
    assert statuses(answers) == [200] * calls


async def test_each_concurrent_call_gets_its_own_user_and_ended_sessions_are_refused(service: Service) -> None:
    people = [await service.register_and_log_in() for _ in range(9)]
    for _, pair in people[::3]:
        await service.post_revoke(pair.refresh)
    for person, _ in people[1::3]:
        service.set_active(person, active=False)
    answers = await asyncio.gather(*(service.get_me(pair.access) for _, pair in people for _ in range(3)))
    for number, answer in enumerate(answers):
        person, _ = people[number // 3]
        if number // 3 % 3 == 2:
            assert answer.json()["id"] == person.id
        else:
            assert answer.status_code == 401


async def test_an_expired_session_is_refused_in_a_batch_of_live_ones(service: Service) -> None:
    person, old = await service.register_and_log_in()
    _, new = await service.register_and_log_in()
    service.sql("UPDATE sessions SET expires_at = %s WHERE user_id = %s", service.clock.now(), person.id)
    answers = await asyncio.gather(service.get_me(old.access), service.get_me(new.access))
    assert [answer.status_code for answer in answers] == [401, 200]


async def test_a_lookup_that_arrives_during_a_query_uses_a_later_one(service_alone: Service) -> None:
    """A call made after a revocation must not get the result of a query started before it."""
    person, pair = await service_alone.register_and_log_in()
    async with await psycopg.AsyncConnection.connect(service_alone.database_url) as holder:
        await holder.execute("LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE")
        begun = await _start_blocked_queries(service_alone, pair.access)
        late = [asyncio.create_task(service_alone.get_me(pair.access)) for _ in range(3)]
        await asyncio.sleep(0)
        await holder.execute(
            "UPDATE sessions SET ended_at = now(), end_reason = 'logout' WHERE user_id = %s", [person.id]
        )
    await asyncio.gather(*begun)
    assert statuses(await asyncio.gather(*late)) == [401] * 3


async def test_a_cancelled_call_does_not_cancel_other_calls_of_its_batch(service_alone: Service) -> None:
    _, pair = await service_alone.register_and_log_in()
    async with await psycopg.AsyncConnection.connect(service_alone.database_url) as holder:
        await holder.execute("LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE")
        begun = await _start_blocked_queries(service_alone, pair.access)
        gone, staying = (asyncio.create_task(service_alone.get_me(pair.access)) for _ in range(2))
        await asyncio.sleep(0)
        begun[0].cancel()
        gone.cancel()
    answers = await asyncio.gather(*begun, gone, staying, return_exceptions=True)
    assert [isinstance(answer, asyncio.CancelledError) for answer in answers] == [True, False, True, False]
    assert (await staying).status_code == 200


async def test_a_failed_batch_query_fails_every_call_that_waits_for_it(service_alone: Service) -> None:
    _, pair = await service_alone.register_and_log_in()
    service_alone.sql("ALTER TABLE sessions RENAME TO elsewhere")
    answers = await asyncio.gather(*(service_alone.get_me(pair.access) for _ in range(CALLS)))
    assert statuses(answers) == [503] * CALLS
    service_alone.sql("ALTER TABLE elsewhere RENAME TO sessions")
    assert (await service_alone.get_me(pair.access)).status_code == 200


async def test_a_failed_batch_query_is_logged_once_without_a_caller_and_once_per_call(
    service_alone: Service, logs: Logs
) -> None:
    _, pair = await service_alone.register_and_log_in()
    service_alone.sql("ALTER TABLE sessions RENAME TO elsewhere")
    answers = await asyncio.gather(*(service_alone.get_me(pair.access) for _ in range(CALLS)))
    causes = events(logs, "database.schema_missing")
    assert causes
    for line in causes:
        assert not {"correlation_id", "client", "user_id", "session_id"} & set(line)
    told = sorted((line["correlation_id"], line["query"]) for line in events(logs, "database.shared_query_failed"))
    assert told == sorted((answer.headers["x-correlation-id"], "session_lookups") for answer in answers)


async def test_a_failed_lookup_of_browser_sessions_is_logged_with_its_name(
    make_service: MakeService, own_database: str, logs: Logs
) -> None:
    site = await make_service(database_url=own_database, public_url=ORIGIN)
    visitor = Visitor(site, await site.register())
    await visitor.sign_in()
    site.sql("ALTER TABLE browser_sessions RENAME TO elsewhere")
    assert (await visitor.open()).status == 503
    (line,) = events(logs, "database.shared_query_failed")
    assert line["query"] == "browser_lookups"
