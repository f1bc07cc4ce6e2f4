"""A service with pages and passkeys."""

from collections.abc import AsyncIterator

import pytest

from tests.integration.passkeys.keyring import ORIGIN
from tests.integration.service import FakeClock, Service, run_service, settings_of_the_ring


@pytest.fixture(scope="module")
async def site(shared_database: str, secret_key: str) -> AsyncIterator[Service]:
    """Yield a service created once for a file: its clock is not reset, and each test creates its own people."""
    changes = {"public_url": ORIGIN}
    settings = settings_of_the_ring(shared_database, secret_key, changes)
    async with run_service(settings, FakeClock()) as service:
        yield service
