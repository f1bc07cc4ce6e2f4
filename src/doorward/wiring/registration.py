"""Build the use case of sign-up from the settings."""

from doorward.domain.auth.users.identifiers import without_separators
from doorward.domain.auth.users.registration import Registration, RegistrationRules
from doorward.settings.config import Settings
from doorward.wiring.foundation import Foundation
from doorward.wiring.new_passwords import create_new_passwords


def registration_rules(settings: Settings) -> RegistrationRules:
    """Return the operator's rules for user names, e-mail addresses and passwords."""
    return RegistrationRules(
        new_passwords=create_new_passwords(settings.passwords),
        reserved_usernames=frozenset(map(without_separators, settings.registration.reserved_usernames)),
        allows_special_domains=settings.registration.email_allow_special_domains
        or settings.deployment.environment == "development",
        mode=settings.registration.registration,
        domains=frozenset(settings.registration.registration_domains),
    )


def create_registration(base: Foundation, rules: RegistrationRules) -> Registration:
    """Return the use case of sign-up."""
    return Registration(
        database=base.database,
        hasher=base.hasher,
        clock=base.clock,
        rules=rules,
        address_detail=base.settings.tokens.client_addresses,
        mails=base.mails,
    )
