"""An administrator of a service with webhooks."""

import pytest

from tests.integration.service import MakeService
from tests.integration.webhooks.administrator import Admin, signed_in


@pytest.fixture
async def admin(make_service: MakeService, own_database: str) -> Admin:
    """An administrator of a service that may send webhooks to loopback, and leaves sending to a worker."""
    service = await make_service(database_url=own_database, webhooks_enabled=True, webhook_networks="127.0.0.0/8")
    return await signed_in(service, "admin")
