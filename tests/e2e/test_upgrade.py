"""A refresh token of version 0.1 is rotated by the image, on the database of 0.1 after `doorward migrate`.

`tests/integration/upgrade` tests the other rules of an upgrade, with a fake clock. Here the clock is real, so the times
of the sessions are shifted, as if version 0.1 had run until just now.
"""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from development.client import ApiClient
from tests.e2e.people import client_of
from tests.e2e.stack import QUICK_HASHES, Service, Stack

FOLDER: Final = Path(__file__).parents[1] / "integration" / "upgrade"
DATABASE: Final = "of_version_0_1"
SHIFT: Final = """
    UPDATE refresh_families SET
        created_at = created_at + age, rotated_at = rotated_at + age, expires_at = expires_at + age,
        session_expires_at = session_expires_at + age, revoked_at = revoked_at + age
    FROM (SELECT now() - '{made_at}'::timestamptz AS age) AS dump
"""
LIVE: Final = ("live", "refreshed")


@pytest.fixture(scope="module")
def held() -> dict[str, Any]:
    """Return the data of clients, by the state of the account or session."""
    content: dict[str, Any] = json.loads(gzip.decompress((FOLDER / "version_0_1.json.gz").read_bytes()))
    return content


@pytest.fixture(scope="module")
def upgraded(stack: Stack, held: dict[str, Any]) -> Iterator[Service]:
    """Yield the service on the database of version 0.1, with its key."""
    dump = gzip.decompress((FOLDER / "version_0_1.sql.gz").read_bytes()).decode()
    settings = {**QUICK_HASHES, "POSTGRES_DB": DATABASE, "SECRET_KEY": held["secret_key"]}
    stack.sql(f"CREATE DATABASE {DATABASE}")
    try:
        stack.run_sql_file(dump, DATABASE)
        stack.sql(SHIFT.format(made_at=held["made_at"]), DATABASE)
        migration = stack.run_command("migrate", **settings)
        assert migration.status == 0, migration.output
        with stack.service(**settings) as service:
            yield service
    finally:
        stack.sql(f"DROP DATABASE {DATABASE} WITH (FORCE)")


@pytest.fixture
def client(upgraded: Service) -> ApiClient:
    return client_of(upgraded)


@pytest.mark.parametrize("state", LIVE)
async def test_a_refresh_token_of_a_live_session_is_rotated(
    client: ApiClient, held: dict[str, Any], state: str
) -> None:
    renewed = await client.refresh(held["sessions"][state]["refresh"])
    account = (await client.get_me(renewed.access)).json()
    person = held["people"]["current hash"]
    assert (account["id"], account["username"]) == (person["id"], person["username"])
    assert (await client.get_me((await client.refresh(renewed.refresh)).access)).status_code == 200
