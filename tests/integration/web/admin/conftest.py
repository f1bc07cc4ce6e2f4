"""A service that has pages of administration and webhooks, and mail that nothing sends."""

from collections.abc import AsyncIterator

import pytest

from tests.integration.passkeys.keyring import ORIGIN
from tests.integration.service import FakeClock, Service, run_service, settings_of_the_ring


@pytest.fixture(scope="module")
async def office(
    shared_database: str, secret_key: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Service]:
    """Made once for a file: its clock goes on, and each test makes people of its own."""
    folder = str(tmp_path_factory.mktemp("mails"))
    changes = {
        "public_url": ORIGIN,
        "background": "off",
        "mail_development_folder": folder,
        "webhooks_enabled": True,
        "webhook_networks": "127.0.0.0/8",
    }
    async with run_service(settings_of_the_ring(shared_database, secret_key, changes), FakeClock()) as service:
        yield service
        # Other files would store a message of each event for them.
        service.sql("DELETE FROM webhook_endpoints")
        service.sql("DELETE FROM outbox WHERE channel = 'webhook'")
