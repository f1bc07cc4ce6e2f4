"""A service that has pages of administration and webhooks, and mail that nothing sends."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.integration.passkeys.keyring import ORIGIN
from tests.integration.service import FakeClock, Service, run_service, settings_of_the_ring


@pytest.fixture(scope="package")
async def office(
    shared_database: str, secret_key: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Service]:
    """Made once for this folder: its clock goes on, and each test makes people of its own."""
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
    """There may be 50, and each would be told of the events of other tests."""
    yield
    office.sql("DELETE FROM webhook_endpoints")
