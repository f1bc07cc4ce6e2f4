"""Clients and resources on one database: the use cases, and the stored state."""

import base64
from typing import Any, Final

from doorward.api.oauth_services import OAuthServices
from doorward.domain.oauth.key_changes import ClientKeys
from doorward.domain.oauth.models import ClientContent, OAuthClient, PresentedCredentials, ResourceContent
from tests.integration.service import Service

OPERATOR: Final = None
ORDERS: Final = "https://orders.example"


def basic(client_id: str, secret: str) -> PresentedCredentials:
    """Return the credentials of a client with client_secret_basic."""
    return PresentedCredentials(authorization=f"Basic {base64.b64encode(f'{client_id}:{secret}'.encode()).decode()}")


def posted(client_id: str | None, secret: str | None = None) -> PresentedCredentials:
    """Return the credentials of a client with client_secret_post or none."""
    return PresentedCredentials(client_id=client_id, client_secret=secret)


class Oauth:
    """The use cases of one running service."""

    def __init__(self, service: Service, services: OAuthServices) -> None:
        self.service = service
        self.clock = service.clock
        self.clients = services.clients
        self.resources = services.resources
        self.authentication = services.client_authentication
        self.registration_tokens = services.registration_tokens
        self._client_keys = services.client_keys

    @property
    def client_keys(self) -> ClientKeys:
        assert self._client_keys is not None
        return self._client_keys

    def sql(self, query: str, *parameters: object) -> list[dict[str, Any]]:
        """Run a statement outside of the service, with a commit."""
        return self.service.sql(query, *parameters)

    async def client(self, **content: Any) -> tuple[OAuthClient, str]:
        """Add a client with a secret; return both."""
        made = await self.clients.create(OPERATOR, ClientContent(**{"name": "Nightly", **content}))
        assert made.secret is not None
        return made.client, made.secret

    async def resource(self, identifier: str = ORDERS, *scopes: str) -> None:
        await self.resources.create(OPERATOR, ResourceContent(identifier, scopes or ("orders:read",)))
