"""A foreign issuer, and an application that trusts it."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from development.client import ITEMS
from tests.integration.federation.issuer import Issuer, running, trusting
from tests.integration.federation.login_issuer import LoginIssuer
from tests.integration.federation.visitors import Visitors, setting
from tests.integration.oauth.provider import ISSUER, Provider
from tests.integration.service import FakeClock, MakeService, Service, run_service, settings_of_the_ring


class Trusting:
    """An application that trusts the issuer, and subjects of this test only."""

    def __init__(self, service: Service, issuer: Issuer) -> None:
        self.service = service
        self.issuer = issuer

    def subject(self) -> str:
        return f"subject-{uuid4()}"

    async def items(self, token: str, method: str = "GET", path: str = ITEMS, **options: Any) -> httpx.Response:
        return await self.service.items(token, method, path, **options)

    async def status(self, token: str) -> int:
        return (await self.items(token)).status_code

    def users_of(self, subject: str) -> list[dict[str, Any]]:
        return self.service.sql(
            "SELECT users.* FROM users JOIN federated_identities ON user_id = id WHERE issuer = %s AND subject = %s",
            self.issuer.url,
            subject,
        )


@pytest.fixture
async def issuer(clock: FakeClock) -> AsyncIterator[Issuer]:
    async with running(Issuer(clock)) as issuer:
        yield issuer


@pytest.fixture
async def trusting_service(make_service: MakeService, issuer: Issuer) -> Trusting:
    return Trusting(await make_service(trusted_issuers=trusting(issuer.entry())), issuer)


@pytest.fixture(scope="session")
async def visitors_of_the_run(make_database: Any, secret_key: str) -> AsyncIterator[Visitors]:
    """Yield a service with two providers, created once."""
    clock = FakeClock()
    async with running(LoginIssuer(clock)) as acme, running(LoginIssuer(clock)) as other:
        assert isinstance(acme, LoginIssuer)
        assert isinstance(other, LoginIssuer)
        changes = {
            "public_url": ISSUER,
            "remembered_device_days": 30,
            "login_providers": setting(acme.provider("acme"), other.provider("other")),
        }
        settings = settings_of_the_ring(make_database(migrated=True), secret_key, changes)
        async with run_service(settings, clock) as service:
            yield Visitors(Provider(service), acme, other)


@pytest.fixture
def visitors(visitors_of_the_run: Visitors) -> Visitors:
    """Return `visitors_of_the_run`, with providers that respond correctly."""
    visitors_of_the_run.acme.reset()
    visitors_of_the_run.other.reset()
    return visitors_of_the_run
