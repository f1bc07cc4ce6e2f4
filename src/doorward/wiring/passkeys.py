"""Build the use cases of passkeys from the settings."""

import importlib.util
from typing import Final

from doorward.api.account_services import PasskeyServices
from doorward.core.frozen import frozen
from doorward.domain.auth.sessions.token_pair import TokenPairIssuer
from doorward.domain.mfa.notices import FactorNotices
from doorward.domain.passkeys.authentication import PasskeyLogin
from doorward.domain.passkeys.challenges import Challenges
from doorward.domain.passkeys.changes import PasskeyChanges
from doorward.domain.passkeys.management import PasskeyManagement
from doorward.domain.passkeys.models import RelyingParty
from doorward.domain.passkeys.personal_data import PasskeyData
from doorward.domain.passkeys.ports import Ceremonies, RecoveryCodes
from doorward.domain.passkeys.proofs import PasskeyProofs
from doorward.domain.passkeys.registration import PasskeyRegistration
from doorward.domain.passkeys.second_factor import PasskeyFactors
from doorward.settings.browsers import BrowserSettings
from doorward.wiring.auth import (
    create_blocked_logins,
    create_continuation,
    create_known_devices,
    create_login_sessions,
    create_pending_logins,
    create_sealed_tokens,
)
from doorward.wiring.foundation import Foundation

NAME: Final = "doorward"
"""Name of the service that authenticators display."""


def has_passkeys(settings: BrowserSettings) -> bool:
    """Return whether passkeys can be used: ``PUBLIC_URL`` is suitable and the extra is installed."""
    return settings.relying_party is not None and importlib.util.find_spec("webauthn") is not None


@frozen
class _Parts:
    """The objects that the use cases share."""

    relying_party: RelyingParty
    ceremonies: Ceremonies
    challenges: Challenges
    proofs: PasskeyProofs
    changes: PasskeyChanges


def create_passkeys(base: Foundation, issuer: TokenPairIssuer, codes: RecoveryCodes) -> PasskeyServices | None:
    """Return the use cases of passkeys; None if passkeys cannot be used."""
    found = base.settings.browsers.relying_party
    if found is None or not has_passkeys(base.settings.browsers):
        return None
    parts = _create_parts(base, issuer, codes, RelyingParty(found[0], NAME, found[1]))
    return PasskeyServices(
        login=_create_login(base, issuer, parts),
        factors=PasskeyFactors(
            database=base.database,
            clock=base.clock,
            challenges=parts.challenges,
            proofs=parts.proofs,
            pending=create_pending_logins(base.settings.keys),
            relying_party=parts.relying_party,
        ),
        registration=PasskeyRegistration(
            database=base.database,
            clock=base.clock,
            challenges=parts.challenges,
            ceremonies=parts.ceremonies,
            changes=parts.changes,
            relying_party=parts.relying_party,
        ),
        management=PasskeyManagement(
            database=base.database,
            clock=base.clock,
            changes=parts.changes,
            relying_party=parts.relying_party,
            address_detail=base.settings.tokens.client_addresses,
        ),
    )


def _create_parts(
    base: Foundation, issuer: TokenPairIssuer, codes: RecoveryCodes, relying_party: RelyingParty
) -> _Parts:
    from doorward.infrastructure.passkey_ceremonies import WebAuthnCeremonies  # noqa: PLC0415 - an extra

    ceremonies = WebAuthnCeremonies()
    notices = FactorNotices(base.mails)
    challenges = Challenges(sealed_tokens=create_sealed_tokens(base.settings.keys), clock=base.clock)
    proofs = PasskeyProofs(challenges=challenges, ceremonies=ceremonies, relying_party=relying_party, notices=notices)
    changes = PasskeyChanges(continuation=create_continuation(base, issuer), codes=codes, notices=notices)
    return _Parts(relying_party, ceremonies, challenges, proofs, changes)


def _create_login(base: Foundation, issuer: TokenPairIssuer, parts: _Parts) -> PasskeyLogin:
    return PasskeyLogin(
        database=base.database,
        clock=base.clock,
        challenges=parts.challenges,
        proofs=parts.proofs,
        sessions=create_login_sessions(base, issuer),
        devices=create_known_devices(base),
        blocked_logins=create_blocked_logins(base),
        relying_party=parts.relying_party,
    )


def passkey_data() -> PasskeyData:
    """Return the personal data of passkeys."""
    return PasskeyData()
