"""Operators name accounts by user name or e-mail address."""

import pytest

from doorward.domain.auth.exceptions import UserNotFoundError
from doorward.wiring.operations import opened_item_import
from tests.integration.service import Service


@pytest.mark.parametrize("name", ["", "no name", "nobody-has-this-name", "nobody-has-this@example.com", "@"])
async def test_an_unused_name_is_not_found(service: Service, name: str) -> None:
    await service.register()
    async with opened_item_import(service.settings.database, seconds=60) as (accounts, _):
        with pytest.raises(UserNotFoundError):
            await accounts.get_user(name)


async def test_an_account_is_found_by_its_name_and_its_address_in_any_spelling(service: Service) -> None:
    person = await service.register()
    async with opened_item_import(service.settings.database, seconds=60) as (accounts, _):
        for name in (person.username, person.username.upper(), person.email, person.email.upper()):
            user = await accounts.get_user(name)
            assert (str(user.id), user.username, user.email) == (person.id, person.username, person.email)
            assert user.is_active
