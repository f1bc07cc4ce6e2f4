"""Bodies of dynamic client registration (RFC 7591, RFC 7592)."""

from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field

from doorward.domain.oauth.registration_models import RegisteredClient


class ClientMetadataBody(BaseModel):
    """Client metadata (RFC 7591 section 2). Unknown members are ignored."""

    model_config = ConfigDict(extra="allow", hide_input_in_errors=True)

    def members(self) -> dict[str, Any]:
        """Return all members of the body."""
        return dict(self.model_extra or {})


class RegisteredClientResponse(BaseModel):
    """The registered client. `client_secret` is shown only once and never expires."""

    client_id: str
    client_id_issued_at: int
    client_secret: str | None = None
    client_secret_expires_at: int | None = None
    registration_access_token: str
    registration_client_uri: str
    client_name: str
    redirect_uris: list[str]
    post_logout_redirect_uris: list[str]
    grant_types: list[str]
    response_types: list[str] = Field(["code"])
    token_endpoint_auth_method: str
    id_token_signed_response_alg: str
    scope: str

    @classmethod
    def of(cls, registered: RegisteredClient, address: str) -> Self:
        """Return the body. ``address`` is the URL where the client reads and changes its registration."""
        client = registered.client
        return cls(
            client_id=client.client_id,
            client_id_issued_at=int(client.created_at.timestamp()),
            client_secret=registered.secret,
            client_secret_expires_at=None if registered.secret is None else 0,
            registration_access_token=registered.registration_token,
            registration_client_uri=address,
            client_name=client.name,
            redirect_uris=list(client.redirect_uris),
            post_logout_redirect_uris=list(client.post_logout_uris),
            grant_types=list(client.grant_types),
            token_endpoint_auth_method=client.auth_method,
            id_token_signed_response_alg=client.id_token_algorithm,
            scope=" ".join(client.scopes),
        )
