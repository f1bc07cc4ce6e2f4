"""Bodies of the admin routes for OAuth clients and resources."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from doorward.api.schemas.requests import RequestBody
from doorward.domain.oauth.models import ClientDetails, GrantType, KeyAlgorithm, SharedMethod

_Name = Annotated[str, Field(max_length=500, description="The name shown to users.", examples=["Nightly report"])]
_Method = Annotated[
    SharedMethod,
    Field(description="How it sends its secret. `none`: it has no secret, for example an app on users' devices."),
]
_GrantTypes = Annotated[
    tuple[GrantType, ...],
    Field(max_length=10, description="Empty: it gets no tokens, and only introspects tokens of other clients."),
]
_Scopes = Annotated[
    tuple[Annotated[str, Field(max_length=200)], ...],
    Field(max_length=100, description="The scopes that its tokens may have.", examples=[["orders:read"]]),
]
_Resources = Annotated[
    tuple[Annotated[str, Field(max_length=500)], ...],
    Field(
        max_length=100,
        description="Identifiers of the resources that its tokens may be for, in addition to this service.",
        examples=[[]],
    ),
]


_Addresses = tuple[Annotated[str, Field(max_length=600)], ...]
_RedirectUris = Annotated[
    _Addresses,
    Field(
        max_length=100,
        description="Where browsers are redirected with codes. Compared by exact string match.",
        examples=[["https://app.example.com/callback"]],
    ),
]
_PostLogoutUris = Annotated[
    _Addresses, Field(max_length=100, description="Where browsers are redirected after a logout.", examples=[[]])
]
_IdTokenAlgorithm = Annotated[KeyAlgorithm, Field(description="The signature algorithm of its ID tokens.")]
_BackchannelLogoutUri = Annotated[
    str | None,
    Field(
        max_length=600,
        description="Where its server is notified of ended sessions (OpenID Connect Back-Channel Logout).",
        examples=["https://app.example.com/logout"],
    ),
]
_RequiresPushedRequests = Annotated[
    bool, Field(strict=True, description="Whether it must push each authorization request first (RFC 9126).")
]


class ClientBody(RequestBody):
    """A client to add."""

    name: _Name
    auth_method: _Method = "client_secret_basic"
    grant_types: _GrantTypes = ("client_credentials",)
    scopes: _Scopes = ()
    resources: _Resources = ()
    redirect_uris: _RedirectUris = ()
    post_logout_uris: _PostLogoutUris = ()
    id_token_algorithm: _IdTokenAlgorithm = "RS256"  # noqa: S105 - the name of an algorithm
    requires_pushed_requests: _RequiresPushedRequests = False
    backchannel_logout_uri: _BackchannelLogoutUri = None
    client_secret: str | None = Field(
        None,
        max_length=500,
        description="An existing secret: at least 32 letters, digits and `-._~`. If left out, one is generated.",
    )


class ClientPatch(RequestBody):
    """Changes to a client (RFC 7396). Members that are left out stay unchanged."""

    # The defaults are never used: only members that were sent are read.
    name: _Name = ""
    auth_method: _Method = "client_secret_basic"
    grant_types: _GrantTypes = ()
    scopes: _Scopes = ()
    resources: _Resources = ()
    redirect_uris: _RedirectUris = ()
    post_logout_uris: _PostLogoutUris = ()
    id_token_algorithm: _IdTokenAlgorithm = "RS256"  # noqa: S105 - the name of an algorithm
    requires_pushed_requests: _RequiresPushedRequests = False
    backchannel_logout_uri: _BackchannelLogoutUri = None


class ClientResponse(BaseModel):
    """A client without its secrets. The ETag is its ``version``."""

    model_config = ConfigDict(from_attributes=True)

    client_id: str = Field(examples=["dwc_Zm9vYmFyYmF6cXV4cXV1eA"])
    name: str
    auth_method: str
    grant_types: list[str]
    scopes: list[str]
    resources: list[str]
    redirect_uris: list[str]
    post_logout_uris: list[str]
    id_token_algorithm: str
    requires_pkce: bool
    is_first_party: bool = Field(description="The operator's own client: its users are not asked for consent.")
    requires_pushed_requests: bool
    backchannel_logout_uri: str | None
    is_enabled: bool
    disabled_at: datetime | None
    not_before: datetime = Field(description="Tokens that were issued before are refused.")
    version: int
    created_at: datetime
    updated_at: datetime


class LiveSecretResponse(BaseModel):
    """A secret without its value. ``expires_at`` is null for the newest one."""

    model_config = ConfigDict(from_attributes=True)

    created_at: datetime
    expires_at: datetime | None


class ClientDetailsResponse(ClientResponse):
    """A client with its valid secrets, oldest first."""

    live_secrets: list[LiveSecretResponse]

    @classmethod
    def of(cls, details: ClientDetails) -> Self:
        """Return the body for a client."""
        shown = ClientResponse.model_validate(details.client)
        live = [LiveSecretResponse.model_validate(each) for each in details.secrets]
        return cls(**shown.model_dump(), live_secrets=live)


class ClientSecretResponse(ClientResponse):
    """A client with its secret, which no other route shows. It is null for a client without one."""

    client_secret: str | None = Field(examples=["dws_..."])


class ClientListResponse(BaseModel):
    """All clients, oldest first."""

    clients: list[ClientResponse]


class ResourceBody(RequestBody):
    """A resource to add."""

    identifier: str = Field(
        max_length=500,
        description="The audience of its tokens: an absolute URI without a fragment (RFC 8707).",
        examples=["https://shop.example.com/orders"],
    )
    scopes: _Scopes = ()
    algorithm: KeyAlgorithm = Field("ES256", description="The signature algorithm of its tokens.")
    introspection_client_id: str | None = Field(
        None, max_length=100, description="The client that may introspect its tokens.", examples=[None]
    )


class ResourceResponse(BaseModel):
    """A resource."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    identifier: str
    scopes: list[str]
    algorithm: str
    introspection_client_id: str | None
    created_at: datetime


class ResourceListResponse(BaseModel):
    """All resources in the order of their identifiers. ``built_in``: the issuer and the service's own audience."""

    built_in: list[str]
    resources: list[ResourceResponse]
