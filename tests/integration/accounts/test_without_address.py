"""The own account of a user without e-mail address and password, whom a trusted issuer's token created."""

import pytest

from tests.integration.accounts.own_account import Owner, remove_address, signed_in
from tests.integration.service import Service, is_problem


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
