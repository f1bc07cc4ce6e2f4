"""Build the authentication by tokens of trusted issuers from the settings."""

import ssl

from doorward.domain.auth.ports import Authentication
from doorward.domain.federation.authentication import IssuerAuthentication
from doorward.domain.federation.external_users import ExternalUsers
from doorward.domain.federation.personal_data import IdentityData
from doorward.infrastructure.outbound import DocumentFetcher
from doorward.settings.issuers import IssuerSettings
from doorward.wiring.database import create_batching
from doorward.wiring.foundation import Foundation
from doorward.wiring.oauth import create_possession


def create_authentication(base: Foundation, own: Authentication) -> Authentication:
    """Return the authentication by tokens of this service and of trusted issuers; ``own`` itself if there are none."""
    issuers = base.settings.issuers.trusted_issuers
    if not issuers:
        return own
    from doorward.infrastructure.trusted_issuers import TrustedIssuers  # noqa: PLC0415 - an extra

    fetcher = DocumentFetcher(tls=ssl.create_default_context())
    return IssuerAuthentication(
        own=own,
        foreign=TrustedIssuers(issuers, fetcher=fetcher, clock=base.clock),
        possession=create_possession(base),
        users=ExternalUsers(
            database=base.database,
            batching=create_batching(base.database),
            clock=base.clock,
            address_detail=base.settings.tokens.client_addresses,
        ),
        clock=base.clock,
    )


def identity_data() -> IdentityData:
    """Return the personal data of identities at trusted issuers."""
    return IdentityData()


def check_trusted_issuers(settings: IssuerSettings) -> None:
    """Check that the extra that verifies tokens of trusted issuers is installed, if needed. Raises ``ImportError``."""
    if settings.trusted_issuers:
        from doorward.infrastructure import trusted_issuers  # noqa: F401, PLC0415 - an extra
