"""The use cases of an account's life, built from the settings."""

from doorward.core.ports import Clock
from doorward.domain.accounts.recovery import Recovery
from doorward.domain.accounts.verification import Verification
from doorward.domain.auth.one_time_token import OneTimeTokenCodec
from doorward.domain.auth.one_time_tokens import OneTimeTokens
from doorward.domain.auth.password_proof import PasswordProof
from doorward.domain.auth.ports import PasswordHasher
from doorward.domain.outbox.mail_queue import MailQueue
from doorward.infrastructure.common_passwords import load_common_passwords
from doorward.infrastructure.keys import ONE_TIME_TOKEN_PURPOSE
from doorward.infrastructure.postgres.database import PostgresDatabase
from doorward.settings.keys import KeySettings
from doorward.wiring.keys import keys


def create_one_time_tokens(settings: KeySettings) -> OneTimeTokens:
    """Return what issues and consumes the tokens of mailed links."""
    return OneTimeTokens(OneTimeTokenCodec(*keys(settings, ONE_TIME_TOKEN_PURPOSE)))


def create_verification(
    database: PostgresDatabase, clock: Clock, tokens: OneTimeTokens, hasher: PasswordHasher, mails: MailQueue
) -> Verification:
    """Return the use cases of verifying an address."""
    passwords = PasswordProof(database=database, hasher=hasher)
    return Verification(database=database, clock=clock, tokens=tokens, passwords=passwords, mails=mails)


def create_recovery(
    database: PostgresDatabase, clock: Clock, tokens: OneTimeTokens, hasher: PasswordHasher, mails: MailQueue
) -> Recovery:
    """Return the use cases of a forgotten password."""
    return Recovery(
        database=database,
        clock=clock,
        tokens=tokens,
        hasher=hasher,
        common_passwords=load_common_passwords(),
        mails=mails,
    )
