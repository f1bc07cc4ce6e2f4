"""The use cases and other objects that routes need, built by ``wiring``."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, FastAPI, Request
from starlette.types import Scope

from doorward.api.budgets import CallsInFlight, RefusalLog
from doorward.api.draining import Drain
from doorward.api.schemas.health import CheckState
from doorward.api.shared_address import SharedAddressWatch
from doorward.core.frozen import frozen
from doorward.core.ports import Clock, RateLimiter
from doorward.domain.accounts.confirmation import Confirmation
from doorward.domain.accounts.deletion import Deletion
from doorward.domain.accounts.email_change import EmailChange
from doorward.domain.accounts.email_change_confirmation import EmailChangeConfirmation
from doorward.domain.accounts.export import Export
from doorward.domain.accounts.invitations import Invitations
from doorward.domain.accounts.password_change import PasswordChange
from doorward.domain.accounts.ports import DevelopmentMails
from doorward.domain.accounts.profile import Profiles
from doorward.domain.accounts.recovery import Recovery
from doorward.domain.accounts.registration_requests import RegistrationRequests
from doorward.domain.accounts.verification import Verification
from doorward.domain.administration.audit_trail import AuditTrail
from doorward.domain.administration.exporting.user_export import UserExport
from doorward.domain.administration.first_administrator import FirstAdministrator
from doorward.domain.administration.importing.user_import import UserImport
from doorward.domain.administration.invitations import AdministeredInvitations
from doorward.domain.administration.keys import AdministeredKeys
from doorward.domain.administration.roles import Roles
from doorward.domain.administration.search import UserSearch
from doorward.domain.administration.user_actions import UserActions
from doorward.domain.administration.users import Users
from doorward.domain.auth.login.completion import LoginCompletion
from doorward.domain.auth.login.login import Login
from doorward.domain.auth.login.reauthentication import Reauthentication
from doorward.domain.auth.ports import Authentication
from doorward.domain.auth.sessions.browser_sessions import BrowserSessions
from doorward.domain.auth.sessions.listing import SessionListing
from doorward.domain.auth.sessions.own_ending import OwnSessionEnding
from doorward.domain.auth.sessions.sessions import Sessions
from doorward.domain.auth.tokens.key_proofs import KeyProofs
from doorward.domain.auth.users.registration import Registration
from doorward.domain.federation.identities import Identities
from doorward.domain.federation.login import FederatedLogin
from doorward.domain.items.importing import ItemImport
from doorward.domain.items.service import Items
from doorward.domain.keys.ports import PublishedKeySet
from doorward.domain.mfa.enrolment import TotpEnrolment
from doorward.domain.mfa.listing import FactorListing
from doorward.domain.mfa.recovery_codes import RecoveryCodes
from doorward.domain.mfa.second_factor import ShownCodes
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
from doorward.domain.passkeys.authentication import PasskeyLogin
from doorward.domain.passkeys.exceptions import PasskeysNotConfiguredError
from doorward.domain.passkeys.management import PasskeyManagement
from doorward.domain.passkeys.registration import PasskeyRegistration
from doorward.domain.passkeys.second_factor import PasskeyFactors
from doorward.domain.webhooks.calling import WebhookReplay, WebhookTest
from doorward.domain.webhooks.dead_letters import DeadLetters
from doorward.domain.webhooks.management import Webhooks

UPLOAD_SECONDS: Final = 60
"""Timeout for the body of an upload: enough for the largest one at 4.5 Mbit/s."""


@frozen
class OwnAccountServices:
    """The use cases of a signed-in user's own account."""

    profiles: Profiles
    password_change: PasswordChange
    email_change: EmailChange
    email_change_confirmation: EmailChangeConfirmation
    reauthentication: Reauthentication
    session_listing: SessionListing
    session_ending: OwnSessionEnding
    identities: Identities


@frozen
class PasskeyServices:
    """The use cases of passkeys."""

    login: PasskeyLogin
    factors: PasskeyFactors
    registration: PasskeyRegistration
    management: PasskeyManagement


@frozen
class SecondFactorServices:
    """The use cases of second factors. ``enrolment`` is None if the extra that encrypts secrets is not installed."""

    completion: LoginCompletion
    shown_codes: ShownCodes
    recovery_codes: RecoveryCodes
    listing: FactorListing
    enrolment: TotpEnrolment | None
    draw_qr_code: Callable[[str], Awaitable[str]] | None
    """Returns the QR code of a text as a data URL. None if the package for it is not installed."""


@frozen
class AccountDataServices:
    """The use cases that export the data of an account and delete it."""

    deletion: Deletion
    export: Export


@frozen
class AdministrationServices:
    """The use cases of administration."""

    roles: Roles
    users: Users
    user_actions: UserActions
    search: UserSearch
    invitations: AdministeredInvitations
    audit_trail: AuditTrail
    session_listing: SessionListing
    first_administrator: FirstAdministrator
    """Used by commands only."""
    user_import: UserImport
    user_export: UserExport


@frozen
class KeyServices:
    """The keys that sign tokens for other services, if the provider is on."""

    key_set: Callable[[], PublishedKeySet]
    administration: AdministeredKeys


@frozen
class WebhookServices:
    """The use cases of webhooks."""

    management: Webhooks
    test: WebhookTest
    replay: WebhookReplay


@frozen
class OutgoingServices:
    """The use cases of events to other systems. ``webhooks`` is None if they are not enabled."""

    webhooks: WebhookServices | None
    dead_letters: DeadLetters


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


@dataclass(slots=True)
class EdgeServices:
    """Limits and other state that requests need before a use case runs."""

    calls: CallsInFlight
    refusals: RefusalLog
    limiter: RateLimiter
    clock: Clock
    client_of: Callable[[Scope], str]
    """Returns the canonical address of a request's client."""
    addresses: SharedAddressWatch | None
    """None in development, where all requests come from one machine."""
    drain: Drain
    admin_requires_second_factor: bool
    public_origin: str | None
    """The origin of PUBLIC_URL, which browsers send in ``Origin`` for pages of this service."""
    bulk_slot: Callable[[], AbstractContextManager[None]]
    upload_idle_seconds: float
    upload_seconds: float = UPLOAD_SECONDS


@dataclass(slots=True)
class Services:
    """The use cases of each domain, and the state of the HTTP layer."""

    registration: Registration
    registration_requests: RegistrationRequests
    confirmation: Confirmation
    invitations: Invitations
    login: Login
    sessions: Sessions
    authentication: Authentication
    """Identifies callers by access tokens, including those of trusted issuers."""
    verification: Verification
    recovery: Recovery
    own_account: OwnAccountServices
    passkeys: PasskeyServices | None
    """None without a PUBLIC_URL that is valid for passkeys."""
    second_factors: SecondFactorServices
    account_data: AccountDataServices
    administration: AdministrationServices
    keys: KeyServices | None
    """None if the provider is off."""
    outgoing: OutgoingServices
    oauth: OAuthServices
    provider: ProviderServices | None
    """None if the provider is off."""
    items: Items
    item_import: ItemImport
    check_readiness: Callable[[], Awaitable[dict[str, CheckState]]]
    development_mails: DevelopmentMails | None
    """The mails at /development/mails. None in production, which has no such page."""
    lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]]
    edge: EdgeServices


def services_of(request: Request) -> Services:
    """Return the services of the application that handles this request."""
    services: Services = request.app.state.services
    return services


def passkeys_of(services: Services) -> PasskeyServices:
    """Return the use cases of passkeys. Raises ``PasskeysNotConfiguredError``."""
    if services.passkeys is None:
        raise PasskeysNotConfiguredError
    return services.passkeys


async def _services(request: Request) -> Services:
    return services_of(request)


CurrentServices = Annotated[Services, Depends(_services)]
"""The dependency of routes that call ``services.<use case>``."""
