"""Clients and resources of one running service."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any

import pytest

from doorward.api.services import Services
from doorward.infrastructure.limits.limiter import CallLimiter
from tests.integration.oauth.browsers import Application, Browser, application
from tests.integration.oauth.clients import Oauth
from tests.integration.oauth.provider import ISSUER, Provider
from tests.integration.service import PARTS, FakeClock, MakeService, Service, run_service, settings_of_the_ring


@pytest.fixture
def oauth(service: Service) -> Oauth:
    services: Services = service.app.state.services
    return Oauth(service, services.oauth)


@pytest.fixture(scope="session")
async def provider_of_the_run(make_database: Any, secret_key: str) -> AsyncIterator[Provider]:
    """Yield a service that issues tokens to clients. It sends no mails, whose statements would distort counts."""
    changes = {"public_url": ISSUER}
    settings = settings_of_the_ring(make_database(migrated=True), secret_key, changes)
    async with run_service(settings, FakeClock()) as service:
        yield Provider(service)


@pytest.fixture
def lasting_provider(provider_of_the_run: Provider) -> Iterator[Provider]:
    """Yield a shared `provider` for tests that change neither its settings nor its clock; remove their clients."""
    yield provider_of_the_run
    provider_of_the_run.sql("DELETE FROM oauth_clients WHERE client_id <> 'doorward'")


@pytest.fixture
async def provider(make_service: MakeService) -> Provider:
    """Return a service that issues tokens to clients. It sends no mails, which would lock the rows of users."""
    return Provider(await make_service(public_url=ISSUER))


@pytest.fixture
async def app(lasting_provider: Provider) -> Application:
    """Return an application that redirects browsers to sign in."""
    return await application(lasting_provider)


@pytest.fixture
def browser(lasting_provider: Provider) -> Browser:
    """Return a browser without cookies."""
    return Browser(lasting_provider)


@pytest.fixture(scope="session")
async def provider_of_devices(make_database: Any, secret_key: str) -> AsyncIterator[Provider]:
    """Yield a separate service for tests of devices, which move its clock forwards."""
    changes = {"public_url": ISSUER}
    settings = settings_of_the_ring(make_database(migrated=True), secret_key, changes)
    parts = replace(PARTS, limiter=CallLimiter({"user_code": settings.limits.rate_limit_user_code}))
    async with run_service(settings, FakeClock(), parts) as service:
        yield Provider(service)
