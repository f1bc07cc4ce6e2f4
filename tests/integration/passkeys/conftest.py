"""A service with passkeys."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from tests.integration.passkeys.keyring import ORIGIN, Keyring, keyring_with_passkey
from tests.integration.service import FakeClock, Service, run_service, settings_of_the_ring


@pytest.fixture(scope="session")
async def site(shared_database: str, secret_key: str) -> AsyncIterator[Service]:
    """Yield a service created once, for tests that change neither it nor its clock."""
    async with AsyncExitStack() as stack:
        changes = {"public_url": ORIGIN}
        settings = settings_of_the_ring(shared_database, secret_key, changes)
        yield await stack.enter_async_context(run_service(settings, FakeClock()))


@pytest.fixture
async def keyring(site: Service) -> Keyring:
    """Return an account with one passkey."""
    return await keyring_with_passkey(site)
