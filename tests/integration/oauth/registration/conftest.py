"""A service with dynamic client registration."""

from collections.abc import AsyncIterator

import pytest

from tests.integration.oauth.clients import ORDERS
from tests.integration.oauth.provider import ISSUER, Provider
from tests.integration.service import FakeClock, MakeDatabase, run_service, settings_of_the_ring


@pytest.fixture(scope="package")
async def provider(make_database: MakeDatabase, secret_key: str) -> AsyncIterator[Provider]:
    changes = {"public_url": ISSUER, "client_registration_enabled": "true"}
    settings = settings_of_the_ring(make_database(migrated=True), secret_key, changes)
    async with run_service(settings, FakeClock()) as service:
        made = Provider(service)
        await made.resource(ORDERS, "orders:read", "orders:write")
        yield made


@pytest.fixture(autouse=True)
def no_initial_tokens(provider: Provider) -> None:
    """Remove the tokens of earlier tests, whose number is limited."""
    provider.sql("DELETE FROM oauth_registration_tokens")
