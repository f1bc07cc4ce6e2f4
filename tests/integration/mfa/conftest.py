"""A user with a second factor."""

import pytest

from tests.integration.accounts.own_account import Owner
from tests.integration.mfa.protected import Protected


@pytest.fixture
async def protected(owner: Owner) -> Protected:
    """Return a signed-in user with an authenticator application."""
    return await Protected.enrolled(owner)
