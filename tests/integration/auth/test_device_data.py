"""The device data that a session records."""

import pytest

from development.client import TOKEN
from tests.integration.service import MakeService


@pytest.mark.parametrize(
    ("detail", "address"), [("full", "198.51.100.77"), ("network", "198.51.100.0/24"), ("none", None)]
)
async def test_a_session_records_the_user_agent_and_address_that_the_setting_allows(
    make_service: MakeService, detail: str, address: str | None
) -> None:
    service = await make_service(client_addresses=detail)
    person = await service.register()
    form = {"username": person.username, "password": person.password}
    answer = await service.client_at("198.51.100.77").post(TOKEN, data=form, headers={"User-Agent": "Browser/1\t(x)"})
    assert answer.status_code == 200
    (session,) = service.sessions_of(person)
    assert (session["user_agent"], session["address"]) == ("Browser/1(x)", address)
