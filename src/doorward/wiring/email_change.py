"""Build the use cases of e-mail address changes from the settings."""

from doorward.core.ports import Clock
from doorward.domain.accounts.email_change import EmailChange
from doorward.domain.accounts.email_change_confirmation import EmailChangeConfirmation
from doorward.domain.accounts.email_change_retention import EmailChangeRetention
from doorward.domain.accounts.models import EmailChangeMode
from doorward.domain.auth.sessions.token_pair import TokenPairIssuer
from doorward.domain.auth.users.registration import RegistrationRules
from doorward.infrastructure.postgres.database import PostgresDatabase
from doorward.infrastructure.scheduler import Task
from doorward.settings.background import BackgroundSettings
from doorward.settings.mail import MailSettings
from doorward.wiring.accounts import create_one_time_tokens, create_passwords
from doorward.wiring.auth import create_continuation
from doorward.wiring.foundation import Foundation
from doorward.wiring.housekeeping import clock_checked_task


def email_changes_task(settings: BackgroundSettings, database: PostgresDatabase, clock: Clock) -> Task:
    """Return the task that removes expired changes. It removes nothing while the clocks differ by too much."""
    retention = EmailChangeRetention(database=database, clock=clock)
    return clock_checked_task("email_changes", retention.prune, settings, database)


def email_change_mode(settings: MailSettings) -> EmailChangeMode:
    """Return which mailboxes must confirm a change."""
    return EmailChangeMode(settings.email_change_confirmation)


def create_email_change(base: Foundation, rules: RegistrationRules) -> EmailChange:
    """Return the use cases of requesting another address."""
    return EmailChange(
        database=base.database,
        clock=base.clock,
        tokens=create_one_time_tokens(base.settings.keys),
        mails=base.mails,
        rules=rules,
        mode=email_change_mode(base.settings.mail),
        address_detail=base.settings.tokens.client_addresses,
    )


def create_email_change_confirmation(
    base: Foundation, rules: RegistrationRules, issuer: TokenPairIssuer
) -> EmailChangeConfirmation:
    """Return the use cases of confirming another address."""
    return EmailChangeConfirmation(
        database=base.database,
        clock=base.clock,
        tokens=create_one_time_tokens(base.settings.keys),
        passwords=create_passwords(base, rules),
        continuation=create_continuation(base, issuer),
        mails=base.mails,
        mode=email_change_mode(base.settings.mail),
        address_detail=base.settings.tokens.client_addresses,
    )
