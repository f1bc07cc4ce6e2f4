"""People with and without a second factor."""

import pytest

from tests.integration.accounts.own_account import Owner, signed_in
from tests.integration.mfa.protected import Protected
from tests.integration.service import Service


@pytest.fixture
async def owner(service: Service) -> Owner:
    """Somebody who is signed in, without a second factor."""
    return await signed_in(service)


@pytest.fixture
async def protected(owner: Owner) -> Protected:
    """Somebody who is signed in, and has an authenticator application."""
    return await Protected.enrolled(owner)
