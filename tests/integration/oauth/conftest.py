"""Clients and resources of one running service."""

from collections.abc import AsyncIterator

import pytest

from doorward.api.services import Services
from tests.integration.oauth.clients import Oauth
from tests.integration.oauth.provider import ISSUER, Provider
from tests.integration.service import FakeClock, MakeService, Service, run_service, settings_of_the_ring


@pytest.fixture
def oauth(service: Service) -> Oauth:
    services: Services = service.app.state.services
    return Oauth(service, services.oauth)


@pytest.fixture(scope="session")
async def lasting_provider(shared_database: str, secret_key: str) -> AsyncIterator[Provider]:
    """As `provider`, made once: for tests that change neither its settings nor its clock.

    It sends no mails, whose statements would be counted among those of calls.
    """
    settings = settings_of_the_ring(shared_database, secret_key, {"public_url": ISSUER, "background": "off"})
    async with run_service(settings, FakeClock()) as service:
        yield Provider(service)


@pytest.fixture
async def provider(make_service: MakeService) -> Provider:
    """A service that issues tokens for others."""
    return Provider(await make_service(public_url=ISSUER))
