"""Removal of a user's failed logins."""

from uuid import UUID

import pytest

from doorward.domain.auth.exceptions import UserNotFoundError
from doorward.domain.auth.login.throttling import STRANGERS
from doorward.domain.auth.login.unthrottling import Unthrottling
from doorward.domain.auth.users.accounts import Accounts
from doorward.wiring.throttling import create_throttling
from tests.integration.auth.deleted_accounts import AccountsDeletedAfterLookup
from tests.integration.service import Logs, Service


async def test_removed_failed_logins_are_reported(service: Service, logs: Logs) -> None:
    person, throttling = await service.register(), create_throttling(service.settings.keys, service.database)
    await throttling.reserve(UUID(person.id), STRANGERS)
    accounts = Accounts(database=service.database)
    await Unthrottling(database=service.database, accounts=accounts, throttling=throttling).unthrottle(person.username)
    bucket = throttling.bucket(UUID(person.id))
    assert service.sql("SELECT 1 FROM login_throttles WHERE bucket = %s", bucket) == []
    assert "auth.login.unthrottled" in logs.text()


async def test_a_user_removed_after_the_lookup_is_not_found(service: Service) -> None:
    person = await service.register()
    accounts = AccountsDeletedAfterLookup(service)
    throttling = create_throttling(service.settings.keys, service.database)
    with pytest.raises(UserNotFoundError):
        await Unthrottling(database=service.database, accounts=accounts, throttling=throttling).unthrottle(
            person.username
        )
