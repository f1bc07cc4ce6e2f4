"""Build the use cases of second factors from the settings."""

import importlib.util
from urllib.parse import urlsplit

from doorward.api.account_services import SecondFactorServices
from doorward.core.ports import Sealer
from doorward.domain.auth.login.completion import LoginCompletion
from doorward.domain.auth.passwords.policy import PRODUCT_NAME
from doorward.domain.auth.sessions.token_pair import TokenPairIssuer
from doorward.domain.mfa.enrolment import EnrolmentParts, TotpEnrolment
from doorward.domain.mfa.listing import Applications, FactorListing
from doorward.domain.mfa.notices import FactorNotices
from doorward.domain.mfa.recovery_codes import RecoveryCodeMacs, RecoveryCodes
from doorward.domain.mfa.second_factor import ShownCodes
from doorward.domain.passkeys.listing import ListedPasskeys
from doorward.infrastructure.keys import RECOVERY_CODE_PURPOSE
from doorward.infrastructure.qr_codes import draw_qr_code
from doorward.settings.browsers import BrowserSettings
from doorward.settings.config import Settings
from doorward.wiring.auth import (
    create_continuation,
    create_known_devices,
    create_login_sessions,
    create_pending_logins,
    create_sealed_tokens,
)
from doorward.wiring.foundation import Foundation
from doorward.wiring.keys import keys_of_stored_secrets
from doorward.wiring.mail import create_sealer
from doorward.wiring.throttling import create_throttling


def create_second_factors(base: Foundation, issuer: TokenPairIssuer) -> SecondFactorServices:
    """Return the use cases of second factors."""
    settings, sealer, notices = base.settings, find_sealer(base.settings), FactorNotices(base.mails)
    macs = RecoveryCodeMacs(keys_of_stored_secrets(settings.keys, RECOVERY_CODE_PURPOSE))
    recovery_codes = RecoveryCodes(
        database=base.database,
        clock=base.clock,
        macs=macs,
        notices=notices,
        address_detail=settings.tokens.client_addresses,
    )
    return SecondFactorServices(
        completion=create_login_completion(base, issuer),
        shown_codes=ShownCodes(sealer=sealer, macs=macs, notices=notices),
        recovery_codes=recovery_codes,
        listing=FactorListing(database=base.database, kinds=[Applications(), ListedPasskeys()]),
        enrolment=None if sealer is None else _create_enrolment(base, issuer, sealer, recovery_codes),
        draw_qr_code=None if importlib.util.find_spec("segno") is None else draw_qr_code,
    )


def create_login_completion(base: Foundation, issuer: TokenPairIssuer) -> LoginCompletion:
    """Return the service that completes logins by a second factor of any kind."""
    return LoginCompletion(
        database=base.database,
        sessions=create_login_sessions(base, issuer),
        pending=create_pending_logins(base.settings.keys),
        throttling=create_throttling(base.settings.keys, base.database),
        devices=create_known_devices(base),
        clock=base.clock,
    )


def find_sealer(settings: Settings) -> Sealer | None:
    """Return the encryption of stored secrets; None if its package is not installed."""
    return None if importlib.util.find_spec("cryptography") is None else create_sealer(settings)


def _create_enrolment(
    base: Foundation, issuer: TokenPairIssuer, sealer: Sealer, recovery_codes: RecoveryCodes
) -> TotpEnrolment:
    return TotpEnrolment(
        database=base.database,
        clock=base.clock,
        parts=EnrolmentParts(sealer, create_sealed_tokens(base.settings.keys), shown_issuer(base.settings.browsers)),
        codes=recovery_codes,
        continuation=create_continuation(base, issuer),
        notices=FactorNotices(base.mails),
    )


def shown_issuer(settings: BrowserSettings) -> str:
    """Return the issuer that authenticator applications display: the host of PUBLIC_URL, or the product's name."""
    return (urlsplit(settings.public_url).hostname if settings.public_url else None) or PRODUCT_NAME
