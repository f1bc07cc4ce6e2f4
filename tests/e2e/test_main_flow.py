"""The smoke test of the running service: a user from registration to logout.

`tests/integration/auth` tests each of these rules in more detail. This is the only test of the end-to-end ring that
repeats them: it shows that the parts of the image work together.
"""

import httpx
import pytest

from development.client import ApiClient
from tests.e2e.people import client_of, new_person
from tests.e2e.stack import Service


@pytest.fixture
def client(production_service: Service) -> ApiClient:
    return client_of(production_service)


def assert_refused(answer: httpx.Response, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (401, code)


async def test_a_user_registers_logs_in_refreshes_and_logs_out(client: ApiClient) -> None:
    person = new_person()
    assert (await client.post_account(person)).status_code == 201

    first = await client.log_in(person)
    assert (await client.get_me(first.access)).json()["username"] == person.username

    second = await client.refresh(first.refresh)
    assert (await client.get_me(second.access)).status_code == 200

    assert_refused(await client.post_refresh(first.refresh), "invalid_refresh_token")
    assert_refused(await client.post_refresh(second.refresh), "invalid_refresh_token")
    assert_refused(await client.get_me(second.access), "invalid_access_token")

    third = await client.log_in(person)
    assert (await client.get_me(third.access)).status_code == 200

    assert (await client.post_revoke(third.refresh)).status_code == 204
    assert_refused(await client.post_refresh(third.refresh), "invalid_refresh_token")
    assert_refused(await client.get_me(third.access), "invalid_access_token")
