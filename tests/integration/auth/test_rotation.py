"""Refreshes that share a statement get the same result as single ones."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import psycopg

from development.callers import caller_of
from development.client import pair
from doorward.domain.auth.repositories import Connection, rotations, sessions
from doorward.domain.auth.repositories.rotations import RotationTimes
from doorward.domain.auth.tokens.refresh_token import RefreshToken
from doorward.domain.keys.models import SIGNING_ALGORITHMS
from tests.integration.auth.refresh_tokens import codec_of, version_1_of
from tests.integration.service import Logs, Service, events, is_problem, statuses

CALLS = 50
SESSIONS = 300
ROUNDS = 20


async def test_concurrent_calls_share_statements(service: Service) -> None:
    pairs = [(await service.register_and_log_in())[1] for _ in range(6)]
    before = service.connections_asked_for()
    answers = await asyncio.gather(*(service.post_refresh(each.refresh) for each in pairs))
    assert statuses(answers) == [200] * 6
    assert service.connections_asked_for() - before < 6


async def test_each_of_many_concurrent_calls_continues_its_own_session(service: Service) -> None:
    people = [await service.register_and_log_in() for _ in range(6)]
    for _ in range(3):
        answers = await asyncio.gather(*(service.post_refresh(each.refresh) for _, each in people))
        people = [(person, pair(answer)) for (person, _), answer in zip(people, answers, strict=True)]
    for person, last in people:
        assert (await service.get_me(last.access)).json()["id"] == person.id
        assert [session["generation"] for session in service.sessions_of(person)] == [3]


async def test_refused_calls_of_a_batch_do_not_affect_the_others(service: Service) -> None:
    live, used, ended, expired, inactive = [await service.register_and_log_in() for _ in range(5)]
    await service.refresh(used[1].refresh)
    await service.post_revoke(ended[1].refresh)
    service.sql("UPDATE sessions SET expires_at = %s WHERE user_id = %s", service.clock.now(), expired[0].id)
    service.set_active(inactive[0], active=False)
    all_users = [used, ended, live, expired, inactive]
    answers = await asyncio.gather(*(service.post_refresh(each.refresh) for _, each in all_users))
    assert [answer.status_code for answer in answers] == [401, 401, 200, 401, 401]
    reasons = [service.sessions_of(person)[0]["end_reason"] for person, _ in all_users]
    assert reasons == ["reuse", "logout", None, None, None]


async def test_of_concurrent_calls_with_one_token_one_is_rotated(service: Service) -> None:
    person, first = await service.register_and_log_in()
    _, other = await service.register_and_log_in()
    answers = await asyncio.gather(*(service.post_refresh(first.refresh) for _ in range(CALLS)))
    assert sorted(statuses(answers)) == [200] + [401] * (CALLS - 1)
    (session,) = service.sessions_of(person)
    assert (session["generation"], session["end_reason"]) == (1, "reuse")
    assert (await service.post_refresh(other.refresh)).status_code == 200


async def test_a_locked_session_delays_no_other_session(service_alone: Service) -> None:
    (person, held), (_, other) = [await service_alone.register_and_log_in() for _ in range(2)]
    async with await psycopg.AsyncConnection.connect(service_alone.database_url) as holder:
        await holder.execute("SELECT 1 FROM sessions WHERE user_id = %s FOR UPDATE", [person.id])
        waiting, quick = (asyncio.create_task(service_alone.post_refresh(each.refresh)) for each in (held, other))
        await service_alone.locks_are_waited_for(1)
        answer = await quick
        assert (answer.status_code, waiting.done()) == (200, False)
    assert (await service_alone.post_refresh(pair(await waiting).refresh)).status_code == 200


async def test_a_refresh_whose_session_ends_while_it_waits_is_refused(service_alone: Service) -> None:
    person, ended = await service_alone.register_and_log_in()
    async with await psycopg.AsyncConnection.connect(service_alone.database_url) as holder:
        await holder.execute(
            "UPDATE sessions SET ended_at = now(), end_reason = 'logout' WHERE user_id = %s", [person.id]
        )
        waiting = asyncio.create_task(service_alone.post_refresh(ended.refresh))
        await service_alone.locks_are_waited_for(1)
    assert is_problem(await waiting, 401, "invalid_refresh_token")
    assert service_alone.sessions_of(person)[0]["end_reason"] == "logout"


async def test_a_plan_made_for_an_empty_table_does_no_sequential_scan(
    own_database: str,
) -> None:
    """PostgreSQL keeps the plan of a prepared statement, and the table may grow faster than it is analysed."""
    now = datetime.now(UTC)
    later = now + timedelta(hours=1)
    async with await psycopg.AsyncConnection.connect(own_database, autocommit=True, prepare_threshold=0) as connection:
        await connection.execute("SET plan_cache_mode = force_generic_plan")
        tokens = [RefreshToken(uuid4(), user_id, 0, b"secret") for user_id in (uuid4(), None)]
        for client_id, allowed in (("doorward", None), ("an application", ["openid"])):
            await rotations.rotate_sessions(
                connection,
                tokens,
                client_id=client_id,
                scopes=None,
                allowed=allowed,
                algorithms=SIGNING_ALGORITHMS,
                times=RotationTimes(now, later, later),
            )
        await sessions.list_live_sessions(connection, session_ids=[uuid4()], user_ids=[uuid4()], now=now)
        await connection.execute("SELECT pg_stat_force_next_flush()")
        cursor = await connection.execute(
            "SELECT seq_scan, idx_scan > 1 FROM pg_stat_user_tables WHERE relname = 'sessions'"
        )
        assert await cursor.fetchone() == (0, True)


async def test_statements_of_two_processes_never_wait_for_each_other(own_database: str) -> None:
    """They lock rows of the same sessions in opposite orders; if they waited, one would fail with a deadlock."""
    async with (
        await psycopg.AsyncConnection.connect(own_database, autocommit=True) as first,
        await psycopg.AsyncConnection.connect(own_database, autocommit=True) as second,
    ):
        tokens = await _add_sessions(first)
        for _ in range(ROUNDS):
            rotated = await asyncio.gather(_rotate(first, tokens), _rotate(second, tokens[::-1]))
            assert sum(rotated) == SESSIONS
            tokens = [replace(token, generation=token.generation + 1) for token in tokens]


async def _add_sessions(connection: Connection) -> list[RefreshToken]:
    cursor = await connection.execute(
        """
        WITH owner AS (
            INSERT INTO users (id, email, email_key, username, username_key, password_hash)
            VALUES (gen_random_uuid(), 'ada@example.org', 'ada@example.org', 'ada', 'ada', '-')
            RETURNING id
        )
        INSERT INTO sessions (
            id, user_id, secret_hash, generation, amr, acr, authenticated_at, created_at, refreshed_at, expires_at,
            session_expires_at
        )
        SELECT gen_random_uuid(), owner.id, sha256('secret'), 0, '{pwd}', 1, now(), now(), now(),
            now() + interval '1 day', now() + interval '1 day'
        FROM owner, generate_series(1, %(sessions)s)
        RETURNING id, user_id
        """,
        {"sessions": SESSIONS},
    )
    return [RefreshToken(row[0], row[1], 0, b"secret") for row in await cursor.fetchall()]


async def _rotate(connection: Connection, tokens: list[RefreshToken]) -> int:
    """Return the number of rotated sessions."""
    now = datetime.now(UTC)
    later = now + timedelta(hours=1)
    rotated = await rotations.rotate_sessions(
        connection,
        tokens,
        client_id="doorward",
        scopes=None,
        algorithms=SIGNING_ALGORITHMS,
        times=RotationTimes(now, later, later),
    )
    return sum(session is not None for session in rotated)


async def test_a_refresh_token_still_works_after_its_statement_failed(service_alone: Service, logs: Logs) -> None:
    service = service_alone
    pairs = [(await service.register_and_log_in())[1] for _ in range(3)]

    async def refresh_all() -> list[httpx.Response]:
        return await asyncio.gather(*(service.post_refresh(each.refresh) for each in pairs))

    service.sql("ALTER TABLE sessions RENAME TO elsewhere")
    answers = await refresh_all()
    assert all(is_problem(answer, 503, "service_unavailable") for answer in answers)
    told = sorted((line["correlation_id"], line["query"]) for line in events(logs, "database.shared_query_failed"))
    assert told == sorted((answer.headers["x-correlation-id"], "rotations") for answer in answers)
    service.sql("ALTER TABLE elsewhere RENAME TO sessions")
    assert statuses(await refresh_all()) == [200] * 3


async def test_a_token_of_version_1_is_refreshed_to_one_that_names_the_user(service: Service) -> None:
    person, first = await service.register_and_log_in()
    version_1 = version_1_of(service, first.refresh)
    second = await service.refresh(version_1)
    assert str(codec_of(service).decode(second.refresh).user_id) == person.id
    assert (await service.get_me(second.access)).json()["id"] == person.id
    assert is_problem(await service.post_refresh(version_1), 401, "invalid_refresh_token")
    assert service.sessions_of(person)[0]["end_reason"] == "reuse"


async def test_using_both_versions_of_a_token_counts_as_reuse(service: Service) -> None:
    person, first = await service.register_and_log_in()
    assert (await service.post_refresh(first.refresh)).status_code == 200
    assert is_problem(await service.post_refresh(version_1_of(service, first.refresh)), 401, "invalid_refresh_token")
    assert service.sessions_of(person)[0]["end_reason"] == "reuse"
    recorded = service.sql(
        "SELECT type, actor FROM audit_events WHERE user_id = %s ORDER BY id DESC LIMIT 2", person.id
    )
    assert recorded == [{"type": f"session.{each}", "actor": person.id} for each in ("ended", "reuse_detected")]


async def test_a_token_with_another_user_id_is_refused_and_ends_no_session(service: Service) -> None:
    person, first = await service.register_and_log_in()
    other = await service.register()
    codec = codec_of(service)
    token = codec.decode(first.refresh)
    foreign = codec.encode(RefreshToken(token.session_id, type(token.session_id)(other.id), 0, token.secret))
    assert is_problem(await service.post_refresh(foreign), 401, "invalid_refresh_token")
    assert (await service.post_revoke(foreign)).status_code == 204
    assert service.sessions_of(person)[0]["ended_at"] is None
    assert (await service.post_refresh(first.refresh)).status_code == 200


async def test_a_session_keeps_its_scopes_and_authentication_methods(service: Service) -> None:
    person, first = await service.register_and_log_in()
    service.sql(
        "INSERT INTO oauth_clients (client_id, name, auth_method, grant_types, scopes, resources, created_at,"
        " updated_at, not_before) VALUES ('reports', 'Reports', 'none', '{refresh_token}', '{account,extra}', '{}',"
        " now(), now(), 'epoch') ON CONFLICT DO NOTHING"
    )
    service.sql("UPDATE sessions SET client_id = 'reports', scopes = '{account,extra}' WHERE user_id = %s", person.id)
    second = await service.app.state.services.sessions.refresh(first.refresh, client_id="reports")
    (session,) = service.sessions_of(person)
    assert (session["amr"], session["acr"], session["authenticated_at"]) == (["pwd"], 1, service.clock.now())
    caller = await caller_of(service.app.state.services.authentication, second.access_token)
    assert (caller.client_id, caller.token_scopes) == ("reports", frozenset({"account", "extra"}))
    assert (caller.acr, caller.amr, caller.authenticated_at) == (1, frozenset({"pwd"}), service.clock.now())
