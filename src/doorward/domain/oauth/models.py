"""What OAuth clients and resources are. No I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import datetime
from typing import Final, Literal, NewType, TypeAlias
from uuid import UUID

from doorward.core.frozen import frozen
from doorward.core.principal import NO_ROLES, SignIn

ClientId = NewType("ClientId", str)
"""``dwc_`` and random characters, or the name of the built-in client: the service made it, no person typed it."""

SharedMethod = Literal["none", "client_secret_basic", "client_secret_post"]
AuthMethod = Literal["none", "client_secret_basic", "client_secret_post", "private_key_jwt"]
"""How a client authenticates (RFC 7591 section 2). ``none``: it has neither secret nor key."""

GrantType = Literal[
    "authorization_code",
    "client_credentials",
    "refresh_token",
    "urn:ietf:params:oauth:grant-type:device_code",
]
"""What a registered client may ask tokens with. The built-in client has ``password``, too."""

KeyAlgorithm = Literal["ES256", "RS256"]
"""The signature of a resource's tokens."""

PRIVATE_KEY: Final = "private_key_jwt"
NO_SECRET: Final = "none"  # noqa: S105 - the name of a method


@frozen
class OAuthClient:
    """A stored client without its secrets. It gets no tokens before ``not_before``, and older ones are refused."""

    client_id: str
    name: str
    auth_method: AuthMethod
    grant_types: Sequence[str]
    scopes: Sequence[str]
    resources: Sequence[str]
    redirect_uris: Sequence[str]
    post_logout_uris: Sequence[str]
    id_token_algorithm: KeyAlgorithm
    requires_pkce: bool
    is_first_party: bool
    requires_pushed_requests: bool
    backchannel_logout_uri: str | None
    version: int
    created_at: datetime
    updated_at: datetime
    not_before: datetime
    disabled_at: datetime | None

    @property
    def is_enabled(self) -> bool:
        """Whether it gets tokens."""
        return self.disabled_at is None

    @property
    def is_confidential(self) -> bool:
        """Whether it has a secret (RFC 6749 section 2.1)."""
        return self.auth_method != NO_SECRET

    def content(self) -> "ClientContent":
        """Return what an administrator said of it."""
        return ClientContent(
            name=self.name,
            auth_method=self.auth_method,
            grant_types=tuple(self.grant_types),
            scopes=tuple(self.scopes),
            resources=tuple(self.resources),
            redirect_uris=tuple(self.redirect_uris),
            post_logout_uris=tuple(self.post_logout_uris),
            id_token_algorithm=self.id_token_algorithm,
            requires_pkce=self.requires_pkce,
            is_first_party=self.is_first_party,
            requires_pushed_requests=self.requires_pushed_requests,
            backchannel_logout_uri=self.backchannel_logout_uri,
        )


@frozen
class ClientContent:
    """What an administrator says of a client. ``resources`` are the identifiers of those that its tokens may be for.

    Browsers are sent back to ``redirect_uris`` with codes, and to ``post_logout_uris`` after a logout. Users of a
    client that ``is_first_party``, the operator's own, are not asked what it may do. The end of its sessions is told to
    ``backchannel_logout_uri``.
    """

    name: str
    auth_method: AuthMethod = "client_secret_basic"
    grant_types: tuple[str, ...] = ("client_credentials",)
    scopes: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    redirect_uris: tuple[str, ...] = ()
    post_logout_uris: tuple[str, ...] = ()
    id_token_algorithm: KeyAlgorithm = "RS256"  # noqa: S105 - the name of an algorithm
    requires_pkce: bool = True
    is_first_party: bool = False
    requires_pushed_requests: bool = False
    backchannel_logout_uri: str | None = None


ClientChanges: TypeAlias = Mapping[str, object]
"""Fields of ``ClientContent`` to change, by name."""


@frozen
class StoredClient:
    """A client beside its secrets, the oldest first, and the moments at which they expire, in the same order."""

    client: OAuthClient
    secret_hashes: Sequence[bytes] = field(repr=False)
    secret_expirations: Sequence[datetime | None]
    resource: "ResourceContent | None" = None
    """That of the identifier which was asked for with the client."""
    token_client: "ClientStanding | None" = None
    """That of the token which was asked for with the client: perhaps another client."""


@frozen
class ClientStanding:
    """What decides what the tokens of a client allow."""

    client_id: str
    scopes: Sequence[str]
    resources: Sequence[str]
    not_before: datetime
    disabled_at: datetime | None


@frozen
class AuthenticatedClient:
    """A client that showed its secret, or its id where it has none, and what was read with it."""

    client: OAuthClient
    resource: "ResourceContent | None"
    token_client: ClientStanding | None


@frozen
class ClientWithSecret:
    """A client at the only moment at which its secret is shown. ``secret`` is None for a client without one."""

    client: OAuthClient
    secret: str | None = field(repr=False)


@frozen
class LiveSecret:
    """What can be told of a stored secret. ``expires_at`` is None for the newest one."""

    created_at: datetime
    expires_at: datetime | None


@frozen
class ClientDetails:
    """A client, and its secrets that are alive, the oldest first."""

    client: OAuthClient
    secrets: Sequence[LiveSecret]


@frozen
class ResourceContent:
    """What an administrator says of a resource.

    ``identifier`` is the audience of its tokens, ``scopes`` are what they may allow there. The introspection client may
    ask about its tokens.
    """

    identifier: str
    scopes: tuple[str, ...] = ()
    algorithm: KeyAlgorithm = "ES256"
    introspection_client_id: str | None = None


@frozen
class Resource:
    """A stored resource."""

    id: UUID
    identifier: str
    scopes: Sequence[str]
    algorithm: KeyAlgorithm
    introspection_client_id: str | None
    created_at: datetime


@frozen
class PresentedCredentials:
    """By what a request says which client sent it: the Authorization header, and members of the form."""

    authorization: str | None = field(default=None, repr=False)
    client_id: str | None = None
    client_secret: str | None = field(default=None, repr=False)
    assertion: "PresentedAssertion | None" = None


@frozen
class PresentedAssertion:
    """A JWT that a client signed (RFC 7523 section 2.2). ``client_id`` is what it says, unverified."""

    text: str = field(repr=False)
    client_id: str | None


@frozen
class ClientKeySource:
    """Where the public keys of a client are: a JWK set (RFC 7517), or the address of one."""

    jwks: str | None
    jwks_uri: str | None


@frozen
class VerifiedAssertion:
    """What a genuine assertion says: by its ``jti`` it is known when it comes again."""

    jti: str
    expires_at: datetime


@frozen
class ClientToken:
    """The token that a client got for itself. ``expires_in`` is its life in seconds."""

    access_token: str = field(repr=False)
    expires_in: int
    scopes: frozenset[str]
    is_bound: bool = False
    """Whether it is bound to a key."""


@frozen
class ActiveToken:
    """The claims of a live access token (RFC 7662 section 2.2). Times are in seconds since 1970."""

    issuer: str
    subject: str
    audience: str
    client_id: str
    scopes: frozenset[str]
    token_id: str
    issued_at: int
    expires_at: int
    session_id: str | None = None
    roles: frozenset[str] = NO_ROLES
    sign_in: SignIn | None = None
    """How the user of the session authenticated; None for a token of the client itself."""
    thumbprint: str | None = None
    """The thumbprint of the key that it is bound to; None for none."""
