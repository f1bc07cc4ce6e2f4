"""Refreshes that go as one statement: to each the answer that it would have had alone."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import psycopg

from doorward.domain.auth import repository
from doorward.domain.auth.refresh_token import RefreshToken
from tests.integration.service import Logs, Service, events, is_problem, pair, statuses

CALLS = 50
FAMILIES = 300
ROUNDS = 20


async def test_calls_of_one_moment_are_few_statements(service: Service) -> None:
    pairs = [(await service.register_and_log_in())[1] for _ in range(6)]
    before = service.connections_asked_for()
    answers = await asyncio.gather(*(service.post_refresh(each.refresh) for each in pairs))
    assert statuses(answers) == [200] * 6
    assert service.connections_asked_for() - before < 6


async def test_each_of_many_at_once_goes_on_with_his_own_session(service: Service) -> None:
    people = [await service.register_and_log_in() for _ in range(6)]
    for _ in range(3):
        answers = await asyncio.gather(*(service.post_refresh(each.refresh) for _, each in people))
        people = [(person, pair(answer)) for (person, _), answer in zip(people, answers, strict=True)]
    for person, last in people:
        assert (await service.get_me(last.access)).json()["id"] == person.id
        assert [family["generation"] for family in service.families_of(person)] == [3]


async def test_of_one_token_in_many_calls_of_one_moment_one_is_rotated(service: Service) -> None:
    person, first = await service.register_and_log_in()
    _, other = await service.register_and_log_in()
    answers = await asyncio.gather(*(service.post_refresh(first.refresh) for _ in range(CALLS)))
    assert sorted(statuses(answers)) == [200] + [401] * (CALLS - 1)
    (family,) = service.families_of(person)
    assert (family["generation"], family["revoked_reason"]) == (1, "reuse")
    assert (await service.post_refresh(other.refresh)).status_code == 200


async def test_the_refused_among_many_are_refused_alone(service: Service) -> None:
    live, used, ended, expired, barred = [await service.register_and_log_in() for _ in range(5)]
    await service.refresh(used[1].refresh)
    await service.post_revoke(ended[1].refresh)
    service.sql("UPDATE refresh_families SET expires_at = %s WHERE user_id = %s", service.clock.now(), expired[0].id)
    service.set_active(barred[0], active=False)
    everybody = [used, ended, live, expired, barred]
    answers = await asyncio.gather(*(service.post_refresh(each.refresh) for _, each in everybody))
    assert [answer.status_code for answer in answers] == [401, 401, 200, 401, 401]
    reasons = [service.families_of(person)[0]["revoked_reason"] for person, _ in everybody]
    assert reasons == ["reuse", "logout", None, None, None]


async def test_who_is_held_up_by_somebody_holds_up_nobody(service_alone: Service) -> None:
    (person, held), (_, other) = [await service_alone.register_and_log_in() for _ in range(2)]
    async with await psycopg.AsyncConnection.connect(service_alone.database_url) as holder:
        await holder.execute("SELECT 1 FROM refresh_families WHERE user_id = %s FOR UPDATE", [person.id])
        waiting, quick = (asyncio.create_task(service_alone.post_refresh(each.refresh)) for each in (held, other))
        await service_alone.locks_are_waited_for(1)
        answer = await quick
        assert (answer.status_code, waiting.done()) == (200, False)
    assert (await service_alone.post_refresh(pair(await waiting).refresh)).status_code == 200


async def test_who_is_held_up_by_the_end_of_his_session_gets_nothing(service_alone: Service) -> None:
    person, ended = await service_alone.register_and_log_in()
    async with await psycopg.AsyncConnection.connect(service_alone.database_url) as holder:
        await holder.execute(
            "UPDATE refresh_families SET revoked_at = now(), revoked_reason = 'logout' WHERE user_id = %s", [person.id]
        )
        waiting = asyncio.create_task(service_alone.post_refresh(ended.refresh))
        await service_alone.locks_are_waited_for(1)
    assert is_problem(await waiting, 401, "invalid_refresh_token")
    assert service_alone.families_of(person)[0]["revoked_reason"] == "logout"


async def test_no_plan_reads_the_table_from_end_to_end_although_it_was_made_when_that_was_empty(
    own_database: str,
) -> None:
    """PostgreSQL keeps the plan of a prepared statement, and the table may grow faster than it is analysed."""
    async with await psycopg.AsyncConnection.connect(own_database, autocommit=True, prepare_threshold=0) as connection:
        await connection.execute("SET plan_cache_mode = force_generic_plan")
        await _rotate(connection, [RefreshToken(uuid4(), 0, b"secret")])
        await repository.list_session_users(connection, [uuid4()], now=datetime.now(UTC))
        await connection.execute("SELECT pg_stat_force_next_flush()")
        cursor = await connection.execute(
            "SELECT seq_scan, idx_scan > 1 FROM pg_stat_user_tables WHERE relname = 'refresh_families'"
        )
        assert await cursor.fetchone() == (0, True)


async def test_statements_of_two_processes_never_wait_for_each_other(own_database: str) -> None:
    """They want rows of the same families, in opposite orders: if they waited, PostgreSQL would end one of them."""
    async with (
        await psycopg.AsyncConnection.connect(own_database, autocommit=True) as first,
        await psycopg.AsyncConnection.connect(own_database, autocommit=True) as second,
    ):
        tokens = await _add_families(first)
        for _ in range(ROUNDS):
            rotated = await asyncio.gather(_rotate(first, tokens), _rotate(second, tokens[::-1]))
            assert sum(rotated) == FAMILIES
            tokens = [token.successor() for token in tokens]


async def _add_families(connection: repository.Connection) -> list[RefreshToken]:
    cursor = await connection.execute(
        """
        WITH owner AS (
            INSERT INTO users (id, email, username, username_key, password_hash)
            VALUES (gen_random_uuid(), 'ada@example.org', 'ada', 'ada', '-')
            RETURNING id
        )
        INSERT INTO refresh_families (
            id, user_id, secret_hash, generation, created_at, rotated_at, expires_at, session_expires_at
        )
        SELECT gen_random_uuid(), owner.id, sha256('secret'), 0, now(), now(), now() + interval '1 day',
            now() + interval '1 day'
        FROM owner, generate_series(1, %(families)s)
        RETURNING id
        """,
        {"families": FAMILIES},
    )
    return [RefreshToken(row[0], 0, b"secret") for row in await cursor.fetchall()]


async def _rotate(connection: repository.Connection, tokens: list[RefreshToken]) -> int:
    """Return how many were rotated."""
    now = datetime.now(UTC)
    users = await repository.consume_refresh_tokens(
        connection, tokens, now=now, idle_expires_at=now + timedelta(hours=1), until=now + timedelta(hours=1)
    )
    return sum(user is not None for user in users)


async def test_a_token_whose_statement_failed_works_when_the_database_is_well(
    service_alone: Service, logs: Logs
) -> None:
    service = service_alone
    pairs = [(await service.register_and_log_in())[1] for _ in range(3)]

    async def refresh_all() -> list[httpx.Response]:
        return await asyncio.gather(*(service.post_refresh(each.refresh) for each in pairs))

    service.sql("ALTER TABLE refresh_families RENAME TO elsewhere")
    answers = await refresh_all()
    assert all(is_problem(answer, 503, "service_unavailable") for answer in answers)
    told = sorted((line["correlation_id"], line["query"]) for line in events(logs, "database.shared_query_failed"))
    assert told == sorted((answer.headers["x-correlation-id"], "rotations") for answer in answers)
    service.sql("ALTER TABLE elsewhere RENAME TO refresh_families")
    assert statuses(await refresh_all()) == [200] * 3
