"""An administrator, on a service without mail and on one with mail."""

from pathlib import Path

import pytest

from tests.integration.accounts.own_account import Owner
from tests.integration.administration.administrator import signed_in_with
from tests.integration.mailbox import make_service_with_mail
from tests.integration.service import MakeService, Service


@pytest.fixture
async def admin(service: Service) -> Owner:
    return await signed_in_with(service, "admin")


@pytest.fixture
async def outgoing(make_service: MakeService, tmp_path: Path) -> Service:
    """Return a service that writes its mails to a folder, and may call webhooks on this machine."""
    webhooks = {"webhooks_enabled": True, "webhook_networks": "127.0.0.0/8"}
    return await make_service_with_mail(make_service, tmp_path, **webhooks)


@pytest.fixture
async def mailing(make_service: MakeService, tmp_path: Path) -> Service:
    """Return a service that writes its mails to a folder."""
    return await make_service_with_mail(make_service, tmp_path)
