"""The use cases and other objects that routes need, built by ``wiring``."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Annotated

from fastapi import Depends, FastAPI, Request

from doorward.api.account_services import AccountDataServices, OwnAccountServices, PasskeyServices, SecondFactorServices
from doorward.api.administration_services import AdministrationServices, KeyServices, OutgoingServices
from doorward.api.edge_services import EdgeServices
from doorward.api.oauth_services import OAuthServices, ProviderServices
from doorward.api.schemas.health import CheckState
from doorward.core.frozen import frozen
from doorward.domain.accounts.confirmation import Confirmation
from doorward.domain.accounts.invitations import Invitations
from doorward.domain.accounts.ports import DevelopmentMails
from doorward.domain.accounts.recovery import Recovery
from doorward.domain.accounts.registration_requests import RegistrationRequests
from doorward.domain.accounts.verification import Verification
from doorward.domain.auth.login.login import Login
from doorward.domain.auth.ports import Authentication
from doorward.domain.auth.sessions.sessions import Sessions
from doorward.domain.auth.users.registration import Registration
from doorward.domain.items.importing import ItemImport
from doorward.domain.items.service import Items
from doorward.domain.passkeys.exceptions import PasskeysNotConfiguredError


@frozen(eq=False)
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
