"""Build the use cases of registrations confirmed by mail and of invitations, and their mails, from the settings."""

from collections.abc import Mapping

from doorward.core.ports import Clock
from doorward.domain.accounts.confirmation import Confirmation, ConfirmationMail
from doorward.domain.accounts.invitations import InvitationMail, Invitations
from doorward.domain.accounts.inviting import Inviting
from doorward.domain.accounts.links import AccountLinks
from doorward.domain.accounts.pending_account_retention import PendingAccountRetention
from doorward.domain.accounts.ports import Composer
from doorward.domain.accounts.registration_requests import RegistrationRequests
from doorward.domain.auth.tokens.one_time_token import OneTimeTokenCodec
from doorward.domain.auth.users.registration import RegistrationRules
from doorward.domain.outbox.mail import MailKind
from doorward.domain.outbox.mail_queue import MailQueue
from doorward.infrastructure.keys import ONE_TIME_TOKEN_PURPOSE
from doorward.infrastructure.postgres.database import PostgresDatabase
from doorward.infrastructure.scheduler import Task
from doorward.settings.background import BackgroundSettings
from doorward.settings.config import Settings
from doorward.settings.keys import KeySettings
from doorward.wiring.foundation import Foundation
from doorward.wiring.housekeeping import clock_checked_task
from doorward.wiring.keys import keys
from doorward.wiring.registration import registration_rules
from doorward.wiring.throttling import create_throttling


def create_registration_requests(base: Foundation, rules: RegistrationRules) -> RegistrationRequests:
    """Return the use cases of registrations that are confirmed by mail."""
    return RegistrationRequests(
        database=base.database,
        hasher=base.hasher,
        clock=base.clock,
        codec=_codec(base.settings.keys),
        rules=rules,
        mails=base.mails,
        is_required=base.settings.registration.registration_confirmation,
    )


def create_confirmation(base: Foundation) -> Confirmation:
    """Return the use case that confirms registrations."""
    return Confirmation(
        database=base.database,
        hasher=base.hasher,
        clock=base.clock,
        codec=_codec(base.settings.keys),
        throttling=create_throttling(base.settings.keys, base.database),
        address_detail=base.settings.tokens.client_addresses,
    )


def create_inviting(settings: Settings, clock: Clock, mails: MailQueue) -> Inviting:
    """Return what stores and removes invitations."""
    return Inviting(
        clock=clock,
        rules=registration_rules(settings),
        mails=mails,
        codec=_codec(settings.keys),
        links=AccountLinks(settings.browsers.public_url or ""),
    )


def create_invitations(base: Foundation, rules: RegistrationRules) -> Invitations:
    """Return the use case that accepts invitations."""
    return Invitations(
        database=base.database,
        hasher=base.hasher,
        clock=base.clock,
        codec=_codec(base.settings.keys),
        rules=rules,
        address_detail=base.settings.tokens.client_addresses,
    )


def registration_mail_composers(
    settings: KeySettings, database: PostgresDatabase, clock: Clock, links: AccountLinks
) -> Mapping[MailKind, Composer]:
    """Return the composers of the mails for registrations and invitations.

    ``ACCOUNT_EXISTS`` is missing because it is never requested: ``ConfirmationMail`` composes it.
    """
    codec = _codec(settings)
    return {
        MailKind.CONFIRM_REGISTRATION: ConfirmationMail(database, clock, codec, links),
        MailKind.INVITATION: InvitationMail(database, clock, codec, links),
    }


def registration_retention_task(settings: BackgroundSettings, database: PostgresDatabase, clock: Clock) -> Task:
    """Return the task that removes expired registrations and invitations: none while the clocks differ by too much."""
    retention = PendingAccountRetention(database=database, clock=clock)
    return clock_checked_task("unanswered", retention.prune, settings, database)


def _codec(settings: KeySettings) -> OneTimeTokenCodec:
    return OneTimeTokenCodec(*keys(settings, ONE_TIME_TOKEN_PURPOSE))
