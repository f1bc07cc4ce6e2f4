"""Build login with other OpenID providers from the settings."""

import ssl
from collections.abc import Sequence

from doorward.domain.auth.sessions.token_pair import TokenPairIssuer
from doorward.domain.federation.login import FederatedLogin
from doorward.domain.federation.login_requests import LoginRequests
from doorward.domain.federation.ports import LoginProvider
from doorward.domain.federation.provider_redirects import ProviderRedirects
from doorward.infrastructure.outbound import DocumentFetcher
from doorward.settings.login_providers import LoginProviderSettings
from doorward.wiring.auth import (
    create_blocked_logins,
    create_known_devices,
    create_login_sessions,
    create_pending_logins,
)
from doorward.wiring.foundation import Foundation
from doorward.wiring.mail import create_sealer
from doorward.wiring.throttling import create_throttling


def _providers(base: Foundation, issuer: str) -> Sequence[LoginProvider]:
    configured = base.settings.logins.login_providers
    if not configured:
        return []
    from doorward.infrastructure.login_providers import TOTAL_SECONDS, OpenIdProvider  # noqa: PLC0415 - an extra

    fetcher = DocumentFetcher(tls=ssl.create_default_context(), total_seconds=TOTAL_SECONDS)
    back = f"{issuer.rstrip('/')}/account/back-from-"
    return [OpenIdProvider(each, f"{back}{each.name}", fetcher=fetcher, clock=base.clock) for each in configured]


def create_federated_login(base: Foundation, pairs: TokenPairIssuer, issuer: str) -> FederatedLogin:
    """Return the use case of login with other providers, which redirect users back to an address below ``issuer``."""
    requests = LoginRequests(create_sealer(base.settings))
    return FederatedLogin(
        redirects=ProviderRedirects(_providers(base, issuer), requests=requests, clock=base.clock),
        database=base.database,
        clock=base.clock,
        sessions=create_login_sessions(base, pairs),
        pending=create_pending_logins(base.settings.keys),
        throttling=create_throttling(base.settings.keys, base.database),
        devices=create_known_devices(base),
        blocked_logins=create_blocked_logins(base),
    )


def check_login_providers(settings: LoginProviderSettings) -> None:
    """Check that the extras for login providers and for pages are installed, if needed. Raises ``ImportError``."""
    if settings.login_providers:
        from doorward.infrastructure import login_providers  # noqa: F401, PLC0415 - an extra
        from doorward.web import rendering  # noqa: F401, PLC0415 - as above
