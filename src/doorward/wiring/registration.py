"""The use case of sign-up, built from the settings."""

from doorward.core.ports import Clock
from doorward.domain.auth.identifiers import without_separators
from doorward.domain.auth.ports import PasswordHasher
from doorward.domain.auth.registration import Registration, RegistrationRules
from doorward.domain.outbox.mail_queue import MailQueue
from doorward.infrastructure.common_passwords import load_common_passwords
from doorward.infrastructure.postgres.database import PostgresDatabase
from doorward.settings.config import Settings


def create_registration(
    settings: Settings, database: PostgresDatabase, hasher: PasswordHasher, clock: Clock, mails: MailQueue
) -> Registration:
    """Return the use case of sign-up with what the operator refuses."""
    rules = RegistrationRules(
        common_passwords=load_common_passwords(),
        reserved_usernames=frozenset(map(without_separators, settings.registration.reserved_usernames)),
        allows_special_domains=settings.registration.email_allow_special_domains
        or settings.deployment.environment == "development",
    )
    return Registration(
        database=database,
        hasher=hasher,
        clock=clock,
        rules=rules,
        address_detail=settings.tokens.client_addresses,
        mails=mails,
    )
