"""A database of version 0.1 after an upgrade: valid credentials stay valid, and ended sessions stay ended.

`python -m development.dump_of_version_0_1` created the database and the clients' credentials with version 0.1.
"""

import gzip
import json
import subprocess
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from development.postgres import POSTGRES_BIN_PATH, EmbeddedPostgres
from doorward.infrastructure.migrations import migrate
from tests.integration.service import FakeClock, MakeDatabase, Service, run_service, settings_of_the_ring

FOLDER = Path(__file__).parent
PASSWORDS = ["current hash", "plain hash 2b", "plain hash 2a", "plain hash 2y"]
LIVE = ["live", "refreshed", "after used"]
ENDED = ["ended", "idle", "reused", "after reused", "inactive"]


@pytest.fixture(scope="module")
def held() -> dict[str, Any]:
    """The credentials of clients, by the state of the account or session."""
    text: dict[str, Any] = json.loads(gzip.decompress((FOLDER / "version_0_1.json.gz").read_bytes()))
    return text


@pytest.fixture
def clock(held: dict[str, Any]) -> FakeClock:
    """A minute after the dump, so that its access tokens are still valid."""
    clock = FakeClock()
    clock.present = datetime.fromisoformat(held["made_at"]) + timedelta(minutes=1)
    return clock


@pytest.fixture(scope="module")
def upgraded_template(make_database: MakeDatabase) -> str:
    """The URL of the database of version 0.1, restored and migrated once."""
    database_url = make_database(migrated=False)
    dump = gzip.decompress((FOLDER / "version_0_1.sql.gz").read_bytes())
    psql = [str(POSTGRES_BIN_PATH / "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", database_url]
    subprocess.run(psql, input=dump, check=True, stdout=subprocess.DEVNULL)
    migrate(database_url)
    return database_url


@pytest.fixture
async def upgraded(
    held: dict[str, Any], postgres: EmbeddedPostgres, upgraded_template: str, clock: FakeClock
) -> AsyncIterator[Service]:
    """The service on a copy of the database, with the key of version 0.1."""
    name, template = f"upgraded_{uuid4().hex}", urlsplit(upgraded_template).path.removeprefix("/")
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        command = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        connection.execute(command.format(sql.Identifier(name), sql.Identifier(template)))
    settings = settings_of_the_ring(postgres.url(name), held["secret_key"], {})
    async with run_service(settings, clock) as service:
        yield service


@pytest.mark.parametrize("kind", PASSWORDS)
async def test_a_password_still_logs_in(upgraded: Service, held: dict[str, Any], kind: str) -> None:
    person = held["people"][kind]
    for name in (person["username"], person["email"]):
        answer = await upgraded.post_token(name, person["password"])
        assert answer.status_code == 200
        account = (await upgraded.get_me(answer.json()["access_token"])).json()
        shown = {"id": person["id"], "email": person["email"], "username": person["username"], "is_active": True}
        assert account == shown
    assert (await upgraded.post_token(person["username"], f"{person['password']}x")).status_code == 401


async def test_an_inactive_user_is_still_refused(upgraded: Service, held: dict[str, Any]) -> None:
    person = held["people"]["inactive"]
    assert (await upgraded.post_token(person["username"], person["password"])).status_code == 401


@pytest.mark.parametrize("state", LIVE)
async def test_tokens_of_a_live_session_still_work(upgraded: Service, held: dict[str, Any], state: str) -> None:
    tokens = held["sessions"][state]
    assert (await upgraded.get_me(tokens["access"])).status_code == 200
    refreshed = await upgraded.refresh(tokens["refresh"])
    again = await upgraded.refresh(refreshed.refresh)
    assert (await upgraded.get_me(again.access)).status_code == 200
    assert (await upgraded.post_revoke(again.refresh)).status_code == 204
    assert (await upgraded.get_me(tokens["access"])).status_code == 401


@pytest.mark.parametrize("state", ENDED)
async def test_tokens_of_an_ended_session_are_still_refused(
    upgraded: Service, held: dict[str, Any], state: str
) -> None:
    tokens = held["sessions"][state]
    assert (await upgraded.get_me(tokens["access"])).status_code == 401
    assert (await upgraded.post_refresh(tokens["refresh"])).status_code == 401


async def test_reuse_of_a_token_used_before_the_upgrade_ends_only_its_session(
    upgraded: Service, held: dict[str, Any]
) -> None:
    sessions = held["sessions"]
    assert (await upgraded.get_me(sessions["after used"]["access"])).status_code == 200
    assert (await upgraded.post_refresh(sessions["used"]["refresh"])).status_code == 401
    assert (await upgraded.post_refresh(sessions["after used"]["refresh"])).status_code == 401
    assert (await upgraded.get_me(sessions["after used"]["access"])).status_code == 401
    assert (await upgraded.get_me(sessions["live"]["access"])).status_code == 200


async def test_reuse_of_a_token_of_version_0_1_after_a_refresh_ends_its_session(
    upgraded: Service, held: dict[str, Any]
) -> None:
    latest = await upgraded.refresh(held["sessions"]["after used"]["refresh"])
    assert (await upgraded.get_me(latest.access)).status_code == 200
    assert (await upgraded.post_refresh(held["sessions"]["used"]["refresh"])).status_code == 401
    assert (await upgraded.get_me(latest.access)).status_code == 401
    assert (await upgraded.post_refresh(latest.refresh)).status_code == 401


async def test_a_session_keeps_its_expiry(upgraded: Service, held: dict[str, Any], clock: FakeClock) -> None:
    clock.advance(timedelta(days=upgraded.settings.tokens.refresh_token_expire_days))
    assert (await upgraded.post_refresh(held["sessions"]["live"]["refresh"])).status_code == 401


async def test_items_and_their_versions_are_unchanged(upgraded: Service, held: dict[str, Any]) -> None:
    headers = {"Authorization": f"Bearer {held['sessions']['live']['access']}"}
    assert [item["version"] for item in held["items"]] == [3, 2, 1]
    for item in held["items"]:
        answer = await upgraded.client.get(f"/api/v1/items/{item['id']}", headers=headers)
        assert answer.json() == item
        assert answer.headers["etag"] == f'"{item["version"]}"'
    listed = (await upgraded.client.get("/api/v1/items", params={"owner": "me"}, headers=headers)).json()
    assert listed["pagination"]["total_items"] == len(held["items"])
