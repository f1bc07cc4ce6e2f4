"""Build the use cases of e-mail verification, password reset and passwords from the settings."""

from doorward.domain.accounts.recovery import Recovery
from doorward.domain.accounts.verification import Verification
from doorward.domain.auth.passwords.stored_passwords import Passwords
from doorward.domain.auth.tokens.one_time_token import OneTimeTokenCodec
from doorward.domain.auth.tokens.one_time_tokens import OneTimeTokens
from doorward.domain.auth.users.registration import RegistrationRules
from doorward.domain.federation.removal import IdentityRemoval
from doorward.infrastructure.keys import ONE_TIME_TOKEN_PURPOSE
from doorward.settings.keys import KeySettings
from doorward.wiring.auth import create_known_devices
from doorward.wiring.factor_reset import create_factor_reset
from doorward.wiring.foundation import Foundation
from doorward.wiring.keys import keys
from doorward.wiring.throttling import create_throttling


def create_one_time_tokens(settings: KeySettings) -> OneTimeTokens:
    """Return the service that issues and consumes the tokens of mailed links."""
    return OneTimeTokens(OneTimeTokenCodec(*keys(settings, ONE_TIME_TOKEN_PURPOSE)))


def create_verification(base: Foundation, rules: RegistrationRules) -> Verification:
    """Return the use cases of e-mail verification."""
    return Verification(
        database=base.database,
        clock=base.clock,
        tokens=create_one_time_tokens(base.settings.keys),
        passwords=create_passwords(base, rules),
        mails=base.mails,
    )


def create_recovery(base: Foundation, rules: RegistrationRules) -> Recovery:
    """Return the use cases of password reset."""
    return Recovery(
        database=base.database,
        clock=base.clock,
        tokens=create_one_time_tokens(base.settings.keys),
        passwords=create_passwords(base, rules),
        mails=base.mails,
        devices=create_known_devices(base),
        factors=create_factor_reset(base),
        identities=IdentityRemoval(),
    )


def create_passwords(base: Foundation, rules: RegistrationRules) -> Passwords:
    """Return the service that checks and hashes the passwords of existing accounts."""
    return Passwords(
        database=base.database,
        clock=base.clock,
        hasher=base.hasher,
        throttling=create_throttling(base.settings.keys, base.database),
        new_passwords=rules.new_passwords,
    )
