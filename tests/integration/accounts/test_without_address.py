"""The own account of a user without e-mail address and password, whom a trusted issuer's token created."""

from collections.abc import Awaitable, Callable

import httpx
import pytest

from tests.integration.accounts.own_account import Owner, is_alive, remove_address, signed_in
from tests.integration.service import Logs, Service, events, is_problem


@pytest.fixture
async def nameless(service: Service) -> Owner:
    owner = await signed_in(service)
    remove_address(service, owner.person)
    return owner


async def test_the_account_is_shown_without_an_address(service: Service, nameless: Owner) -> None:
    assert (await nameless.account())["email"] is None
    me = await service.get_me(nameless.pair.access)
    assert (me.status_code, me.json()["email"]) == (200, None)
    exported = await nameless.call("POST", "/api/v1/account/export")
    assert (exported.status_code, exported.json()["account"]["email"]) == (200, None)


async def test_a_new_password_is_compared_with_the_user_name(nameless: Owner) -> None:
    assert is_problem(await nameless.post_password(new=nameless.person.username * 2), 422, "password_is_name")


@pytest.mark.parametrize("answer", [Owner.post_password, Owner.post_reauthenticate])
async def test_any_password_is_wrong_counts_and_leaves_the_session(
    service: Service, nameless: Owner, logs: Logs, answer: Callable[[Owner], Awaitable[httpx.Response]]
) -> None:
    for _ in range(2):
        assert is_problem(await answer(nameless), 403, "wrong_password")
    assert len(events(logs, "auth.current_password.refused")) == 2
    (counted,) = service.sql("SELECT failures FROM login_throttles ORDER BY seen_at DESC LIMIT 1")
    assert counted["failures"] == 2
    assert await is_alive(service, nameless.pair)
