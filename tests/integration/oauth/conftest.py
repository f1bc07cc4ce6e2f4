"""Clients and resources of one running service."""

import pytest

from doorward.api.services import Services
from tests.integration.oauth.clients import Oauth
from tests.integration.service import Service


@pytest.fixture
def oauth(service: Service) -> Oauth:
    services: Services = service.app.state.services
    return Oauth(service, services.oauth)
