"""One service for all modules of the certification suite's plans, and the clients that its operator registers there."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.integration.certification.relying_party import BYE, Suite
from tests.integration.oauth.browsers import application
from tests.integration.oauth.provider import ISSUER, Provider
from tests.integration.service import FakeClock, run_service, settings_of_the_ring


@pytest.fixture(scope="session")
async def suite(make_database: Any, secret_key: str) -> AsyncIterator[Suite]:
    """Return the suite with two clients; like the suite by default, they send no code challenge."""
    settings = settings_of_the_ring(make_database(migrated=True), secret_key, {"public_url": ISSUER})
    async with run_service(settings, FakeClock()) as service:
        provider = Provider(service)
        content = {"requires_pkce": False, "post_logout_uris": (BYE,)}
        yield Suite(
            provider,
            await application(provider, **content),
            await application(provider, **content),
            await application(provider, auth_method="client_secret_post", **content),
        )
