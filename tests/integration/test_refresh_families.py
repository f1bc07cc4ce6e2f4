"""Refresh-token families on a real PostgreSQL: rotation, reuse, leeway, limits."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import psycopg
import pytest

from tests.integration.conftest import AdjustableClock, RunningApp, SettingsFactory
from tests.integration.people import log_in, me, refresh, register, revoke

Connection = psycopg.AsyncConnection[Any]
LEEWAY = 10


async def test_a_refresh_yields_a_new_pair_that_works(client: httpx.AsyncClient) -> None:
    pair = await log_in(client, await register(client))
    renewed = (await refresh(client, pair["refresh_token"])).json()
    assert renewed["refresh_token"] != pair["refresh_token"]
    assert (await me(client, renewed["access_token"])).status_code == 200


async def test_a_rotation_adds_no_row(client: httpx.AsyncClient, database: Connection) -> None:
    pair = await log_in(client, await register(client))
    for _ in range(5):
        pair = (await refresh(client, pair["refresh_token"])).json()
    rows = await (await database.execute("SELECT generation FROM refresh_families")).fetchall()
    assert rows == [(5,)]


async def test_a_replaced_token_ends_its_session_for_good(client: httpx.AsyncClient) -> None:
    first = await log_in(client, await register(client))
    second = (await refresh(client, first["refresh_token"])).json()
    assert (await refresh(client, first["refresh_token"])).status_code == 401
    assert (await refresh(client, second["refresh_token"])).status_code == 401
    assert (await me(client, second["access_token"])).status_code == 401


async def test_the_revocation_is_committed_although_the_call_fails(
    client: httpx.AsyncClient, database: Connection
) -> None:
    first = await log_in(client, await register(client))
    await refresh(client, first["refresh_token"])
    await refresh(client, first["refresh_token"])
    row = await (await database.execute("SELECT revoked_reason FROM refresh_families")).fetchone()
    assert row == ("reuse",)


async def test_reuse_in_one_login_leaves_the_others_alive(client: httpx.AsyncClient) -> None:
    person = await register(client)
    stolen, other = await log_in(client, person), await log_in(client, person)
    await refresh(client, stolen["refresh_token"])
    await refresh(client, stolen["refresh_token"])
    assert (await me(client, other["access_token"])).status_code == 200
    assert (await refresh(client, other["refresh_token"])).status_code == 200


async def test_of_sixty_strict_refreshes_at_once_exactly_one_succeeds(client: httpx.AsyncClient) -> None:
    pair = await log_in(client, await register(client))
    answers = await asyncio.gather(*(refresh(client, pair["refresh_token"]) for _ in range(60)))
    winners = [answer.json() for answer in answers if answer.status_code == 200]
    assert len(winners) == 1
    assert {answer.status_code for answer in answers} == {200, 401}
    assert (await me(client, winners[0]["access_token"])).status_code == 401


@pytest.fixture
async def lenient(make_settings: SettingsFactory, run_app: RunningApp) -> Any:
    async with run_app(make_settings(refresh_token_reuse_leeway_seconds=LEEWAY)) as started:
        yield started


async def test_within_the_leeway_sixty_refreshes_get_one_successor(lenient: httpx.AsyncClient) -> None:
    pair = await log_in(lenient, await register(lenient))
    answers = await asyncio.gather(*(refresh(lenient, pair["refresh_token"]) for _ in range(60)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["refresh_token"] for answer in answers}) == 1


async def test_a_retry_at_the_end_of_the_leeway_gets_the_same_successor(
    lenient: httpx.AsyncClient, clock: AdjustableClock
) -> None:
    pair = await log_in(lenient, await register(lenient))
    successor = (await refresh(lenient, pair["refresh_token"])).json()["refresh_token"]
    clock.advance(timedelta(seconds=LEEWAY))
    assert (await refresh(lenient, pair["refresh_token"])).json()["refresh_token"] == successor


async def test_retries_do_not_extend_the_leeway(lenient: httpx.AsyncClient, clock: AdjustableClock) -> None:
    pair = await log_in(lenient, await register(lenient))
    successor = (await refresh(lenient, pair["refresh_token"])).json()["refresh_token"]
    clock.advance(timedelta(seconds=LEEWAY))
    await refresh(lenient, pair["refresh_token"])
    clock.advance(timedelta(microseconds=1))
    assert (await refresh(lenient, pair["refresh_token"])).status_code == 401
    assert (await refresh(lenient, successor)).status_code == 401


async def test_an_older_ancestor_is_theft_within_the_leeway_too(lenient: httpx.AsyncClient) -> None:
    first = await log_in(lenient, await register(lenient))
    second = (await refresh(lenient, first["refresh_token"])).json()
    third = (await refresh(lenient, second["refresh_token"])).json()
    assert (await refresh(lenient, first["refresh_token"])).status_code == 401
    assert (await refresh(lenient, third["refresh_token"])).status_code == 401


@pytest.mark.parametrize(("early", "status"), [(1, 200), (0, 401), (-1, 401)])
async def test_a_session_ends_when_it_is_idle_too_long(
    client: httpx.AsyncClient, clock: AdjustableClock, early: int, status: int
) -> None:
    pair = await log_in(client, await register(client))
    clock.advance(timedelta(days=7, seconds=-early))
    assert (await refresh(client, pair["refresh_token"])).status_code == status


@pytest.mark.parametrize(("early", "status"), [(1, 200), (0, 401), (-1, 401)])
async def test_a_session_ends_at_its_absolute_limit_however_often_it_is_refreshed(
    client: httpx.AsyncClient, clock: AdjustableClock, early: int, status: int
) -> None:
    pair = await log_in(client, await register(client))
    for _ in range(15):
        clock.advance(timedelta(days=6) - timedelta(seconds=early / 15))
        answer = await refresh(client, pair["refresh_token"])
        pair = answer.json()
    assert answer.status_code == status


@pytest.mark.parametrize("round_number", range(30))
async def test_after_a_revocation_no_racing_refresh_leaves_a_live_token(
    client: httpx.AsyncClient, round_number: int
) -> None:
    pair = await log_in(client, await register(client))
    calls = [refresh(client, pair["refresh_token"]), revoke(client, pair["refresh_token"])]
    answers = await asyncio.gather(*(calls if round_number % 2 else reversed(calls)))
    renewed = [answer.json() for answer in answers if answer.status_code == 200]
    assert 204 in {answer.status_code for answer in answers}
    for each in [pair, *renewed]:
        assert (await refresh(client, each["refresh_token"])).status_code == 401
        assert (await me(client, each["access_token"])).status_code == 401


async def test_any_token_of_the_session_revokes_it(client: httpx.AsyncClient) -> None:
    first = await log_in(client, await register(client))
    second = (await refresh(client, first["refresh_token"])).json()
    assert (await revoke(client, first["refresh_token"])).status_code == 204
    assert (await refresh(client, second["refresh_token"])).status_code == 401


async def test_an_unknown_token_is_revoked_without_complaint(client: httpx.AsyncClient) -> None:
    assert (await revoke(client, "dwr_unknown")).status_code == 204


async def test_an_inactive_user_gets_nothing_from_the_next_request_on(
    client: httpx.AsyncClient, database: Connection
) -> None:
    person = await register(client)
    pair = await log_in(client, person)
    await database.execute("UPDATE users SET is_active = false")
    assert (await me(client, pair["access_token"])).status_code == 401
    assert (await refresh(client, pair["refresh_token"])).status_code == 401
    login = {"username": person.username, "password": person.password}
    assert (await client.post("/api/v1/auth/token", data=login)).json()["code"] == "invalid_credentials"
