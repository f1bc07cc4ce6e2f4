"""The use cases that routes need for OAuth clients and the OpenID provider, built by ``wiring``."""

from doorward.core.frozen import frozen
from doorward.domain.auth.sessions.browser_sessions import BrowserSessions
from doorward.domain.auth.tokens.key_proofs import KeyProofs
from doorward.domain.federation.login import FederatedLogin
from doorward.domain.oauth.authorization import Authorization
from doorward.domain.oauth.client_authentication import ClientAuthentication
from doorward.domain.oauth.client_credentials import ClientCredentials
from doorward.domain.oauth.clients import Clients
from doorward.domain.oauth.code_exchange import CodeExchange
from doorward.domain.oauth.consents import Consents
from doorward.domain.oauth.device_exchange import DeviceExchange
from doorward.domain.oauth.devices import Devices
from doorward.domain.oauth.introspection import Introspection
from doorward.domain.oauth.key_changes import ClientKeys
from doorward.domain.oauth.login_grants import LoginGrants
from doorward.domain.oauth.logout import Logout
from doorward.domain.oauth.pushed_requests import PushedRequests
from doorward.domain.oauth.registered_origins import RegisteredOrigins
from doorward.domain.oauth.registration import ClientRegistration
from doorward.domain.oauth.registration_tokens import RegistrationTokens
from doorward.domain.oauth.resources import Resources
from doorward.domain.oauth.revocation import Revocation


@frozen
class OAuthServices:
    """The use cases of OAuth clients, and of the resources that their tokens are for."""

    clients: Clients
    resources: Resources
    client_authentication: ClientAuthentication
    consents: Consents
    registration_tokens: RegistrationTokens
    client_keys: ClientKeys | None
    """None if the provider is off."""


@frozen
class ProviderServices:
    """The use cases of the OAuth and OpenID endpoints, if the service issues tokens for other services."""

    issuer: str
    key_proofs: KeyProofs
    client_credentials: ClientCredentials
    introspection: Introspection
    revocation: Revocation
    login_grants: LoginGrants
    code_exchange: CodeExchange
    authorization: Authorization
    pushed_requests: PushedRequests
    registered_origins: RegisteredOrigins
    devices: Devices
    device_exchange: DeviceExchange
    browser_sessions: BrowserSessions
    logout: Logout
    federated_login: FederatedLogin
    registration: ClientRegistration | None
    """None if clients may not register themselves."""
    has_pages: bool
    """Whether pages can be rendered. Without them, no application can send a browser to this service."""
    reads_client_documents: bool
    """Whether the operator allows clients that are described by a document."""
