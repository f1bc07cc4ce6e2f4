"""Old sessions are removed in small batches that delay no request and change no response."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import httpx
import psycopg
import pytest

from development.client import Pair, Person
from doorward.domain.auth.repositories import dead_sessions
from doorward.domain.auth.sessions.pruning import PAGES_A_BATCH, Pruning
from tests.integration.service import MakeService, Service

RETENTION = timedelta(days=30)
MOMENT = timedelta(seconds=1)
MANY = 5000


@pytest.fixture
async def alone(make_service: MakeService, own_database: str) -> Service:
    """The application on a database of its own, because pruning removes the sessions of every user."""
    return await make_service(database_url=own_database)


def pruning_of(service: Service, pages_a_batch: int = PAGES_A_BATCH) -> Pruning:
    return Pruning(database=service.database, clock=service.clock, retention=RETENTION, pages_a_batch=pages_a_batch)


async def dead(service: Service) -> tuple[Person, Pair]:
    """Return a session that ended slightly longer ago than the retention."""
    person, pair = await service.register_and_log_in()
    assert (await service.post_revoke(pair.refresh)).status_code == 204
    service.clock.advance(RETENTION + MOMENT)
    return person, pair


async def test_a_revoked_session_is_kept_for_the_retention_and_then_removed(alone: Service) -> None:
    person, pair = await alone.register_and_log_in()
    await alone.post_revoke(pair.refresh)
    alone.clock.advance(RETENTION)
    assert await pruning_of(alone).prune() == 0
    alone.clock.advance(MOMENT)
    assert await pruning_of(alone).prune() == 1
    assert alone.sessions_of(person) == []


async def test_an_expired_session_is_kept_for_the_retention_and_then_removed(alone: Service) -> None:
    person, _ = await alone.register_and_log_in()
    alone.clock.advance(timedelta(days=7) + RETENTION)
    assert await pruning_of(alone).prune() == 0
    alone.clock.advance(MOMENT)
    assert await pruning_of(alone).prune() == 1
    assert alone.sessions_of(person) == []


async def test_a_session_revoked_after_its_expiry_is_kept_from_its_expiry(alone: Service) -> None:
    _, pair = await alone.register_and_log_in()
    alone.clock.advance(timedelta(days=7) + RETENTION)
    assert (await alone.post_revoke(pair.refresh)).status_code == 204
    alone.clock.advance(MOMENT)
    assert await pruning_of(alone).prune() == 1


async def test_a_live_session_is_never_removed_at_any_age(alone: Service) -> None:
    person, pair = await alone.register_and_log_in()
    for _ in range(12):
        alone.clock.advance(timedelta(days=6))
        pair = await alone.refresh(pair.refresh)
    assert await pruning_of(alone).prune() == 0
    assert len(alone.sessions_of(person)) == 1
    assert (await alone.get_me(pair.access)).status_code == 200


def visible_parts(answer: httpx.Response) -> object:
    """Return the parts of a response that a client can compare."""
    body = answer.json() if answer.content else None
    if body is not None:
        del body["correlation_id"]
    return answer.status_code, body, answer.headers.get("www-authenticate")


async def test_no_response_changes_when_a_session_is_removed(alone: Service) -> None:
    _, pair = await dead(alone)
    calls: list[tuple[Callable[[str], Awaitable[httpx.Response]], str]] = [
        (alone.post_refresh, pair.refresh),
        (alone.get_me, pair.access),
        (alone.post_revoke, pair.refresh),
    ]
    before = [visible_parts(await call(token)) for call, token in calls]
    assert await pruning_of(alone).prune() == 1
    assert [visible_parts(await call(token)) for call, token in calls] == before


async def test_live_sessions_can_be_refreshed_during_a_batch(alone: Service) -> None:
    await dead(alone)
    _, pair = await alone.register_and_log_in()
    before = alone.clock.now() - RETENTION
    async with await psycopg.AsyncConnection.connect(alone.database_url) as batch:
        removed = await dead_sessions.remove_dead_sessions(batch, first_page=0, end_page=64, dead_before=before)
        assert removed == 1
        assert (await alone.post_refresh(pair.refresh)).status_code == 200
        assert (await alone.get_me(pair.access)).status_code == 200
        await alone.register_and_log_in()


async def test_a_locked_row_is_skipped_until_the_next_run(alone: Service) -> None:
    await dead(alone)
    async with await psycopg.AsyncConnection.connect(alone.database_url) as holder:
        await holder.execute("SELECT id FROM sessions FOR UPDATE")
        assert await pruning_of(alone).prune() == 0
    assert await pruning_of(alone).prune() == 1


async def test_a_large_table_is_pruned_completely_in_batches(alone: Service) -> None:
    person, _ = await alone.register_and_log_in()
    alone.sql(
        "INSERT INTO sessions (id, user_id, secret_hash, generation, amr, acr, authenticated_at, created_at, "
        "refreshed_at, expires_at, session_expires_at) "
        "SELECT gen_random_uuid(), %s, sha256('x'), 0, '{pwd}', 1, now, now, now, now, now "
        "FROM (SELECT %s::timestamptz AS now) AS moments, generate_series(1, %s)",
        person.id,
        alone.clock.now() - RETENTION - MOMENT,
        MANY,
    )
    plan = alone.sql(
        "EXPLAIN SELECT id FROM sessions WHERE ctid >= '(0,0)'::tid AND ctid < '(8,0)'::tid "
        "AND LEAST(expires_at, ended_at) < now() FOR UPDATE SKIP LOCKED"
    )
    assert any("Tid Range Scan" in row["QUERY PLAN"] for row in plan), "a batch must read only its own pages"
    assert await pruning_of(alone, pages_a_batch=8).prune() == MANY
    assert len(alone.sessions_of(person)) == 1


def test_a_rotation_changes_no_indexed_column(shared_database: str) -> None:
    """Otherwise each rotation would write every index instead of being a HOT update."""
    with psycopg.connect(shared_database) as connection:
        rows = connection.execute(
            "SELECT attname FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY(indkey) "
            "WHERE indrelid = 'sessions'::regclass"
        ).fetchall()
    indexed = {row[0] for row in rows}
    assert "id" in indexed
    assert not indexed & {"generation", "refreshed_at", "expires_at"}
