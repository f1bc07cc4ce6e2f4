"""A service with administration pages, webhooks, and mails that are not sent."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.integration.passkeys.keyring import ORIGIN
from tests.integration.service import FakeClock, Service, run_service, settings_of_the_ring


@pytest.fixture(scope="package")
async def office(
    shared_database: str, secret_key: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Service]:
    """Yield a service created once for this folder: its clock is not reset, and each test creates its own people."""
    folder = str(tmp_path_factory.mktemp("mails"))
    changes = {
        "public_url": ORIGIN,
        "mail_development_folder": folder,
        "webhooks_enabled": True,
        "webhook_networks": "127.0.0.0/8",
    }
    async with run_service(settings_of_the_ring(shared_database, secret_key, changes), FakeClock()) as service:
        yield service
        service.sql("DELETE FROM outbox WHERE channel = 'webhook'")


@pytest.fixture(autouse=True)
def leave_no_webhooks(office: Service) -> Iterator[None]:
    """Remove the webhooks: there may be only 50, and each would receive the events of other tests."""
    yield
    office.sql("DELETE FROM webhook_endpoints")
