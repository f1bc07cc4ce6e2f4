"""The use cases of an account's life, built from the settings."""

from doorward.domain.accounts.recovery import Recovery
from doorward.domain.accounts.verification import Verification
from doorward.domain.auth.new_passwords import NewPasswords
from doorward.domain.auth.one_time_token import OneTimeTokenCodec
from doorward.domain.auth.one_time_tokens import OneTimeTokens
from doorward.domain.auth.password_proof import PasswordProof
from doorward.infrastructure.common_passwords import load_common_passwords
from doorward.infrastructure.keys import ONE_TIME_TOKEN_PURPOSE
from doorward.settings.keys import KeySettings
from doorward.wiring.foundation import Foundation
from doorward.wiring.keys import keys
from doorward.wiring.throttling import create_throttling


def create_one_time_tokens(settings: KeySettings) -> OneTimeTokens:
    """Return what issues and consumes the tokens of mailed links."""
    return OneTimeTokens(OneTimeTokenCodec(*keys(settings, ONE_TIME_TOKEN_PURPOSE)))


def create_verification(base: Foundation) -> Verification:
    """Return the use cases of verifying an address."""
    return Verification(
        database=base.database,
        clock=base.clock,
        tokens=create_one_time_tokens(base.settings.keys),
        passwords=_create_password_proof(base),
        mails=base.mails,
    )


def create_recovery(base: Foundation) -> Recovery:
    """Return the use cases of a forgotten password."""
    return Recovery(
        database=base.database,
        clock=base.clock,
        tokens=create_one_time_tokens(base.settings.keys),
        passwords=_create_new_passwords(base),
        throttling=create_throttling(base.settings.keys, base.database),
        mails=base.mails,
    )


def _create_password_proof(base: Foundation) -> PasswordProof:
    throttling = create_throttling(base.settings.keys, base.database)
    return PasswordProof(database=base.database, hasher=base.hasher, throttling=throttling)


def _create_new_passwords(base: Foundation) -> NewPasswords:
    return NewPasswords(hasher=base.hasher, common_passwords=load_common_passwords())
