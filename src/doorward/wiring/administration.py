"""Build the use cases of administration from the settings."""

from typing import Any

from doorward.api.administration_services import AdministrationServices
from doorward.core.pages import CursorCodec
from doorward.core.ports import Database
from doorward.domain.accounts.administered import AdministeredAccounts
from doorward.domain.administration.audit_trail import AuditTrail
from doorward.domain.administration.first_administrator import FirstAdministrator
from doorward.domain.administration.invitations import AdministeredInvitations
from doorward.domain.administration.roles import Roles
from doorward.domain.administration.search import UserSearch
from doorward.domain.administration.user_actions import UserActions
from doorward.domain.administration.users import Users
from doorward.domain.audit.search import AuditSearch
from doorward.domain.auth.sessions.listing import SessionListing
from doorward.domain.auth.users.registration import RegistrationRules
from doorward.infrastructure.keys import cursor_purpose
from doorward.settings.keys import KeySettings
from doorward.wiring.accounts import create_one_time_tokens, create_passwords
from doorward.wiring.factor_reset import create_factor_reset
from doorward.wiring.foundation import Foundation
from doorward.wiring.keys import keys
from doorward.wiring.registration_by_mail import create_inviting
from doorward.wiring.throttling import create_throttling
from doorward.wiring.user_files import create_user_export, create_user_import


def create_administration(
    base: Foundation, rules: RegistrationRules, searched: Database[Any] | None = None
) -> AdministrationServices:
    """Return the use cases of administration. Searches, which may take long, query ``searched`` if it is given."""
    settings, database, clock = base.settings, base.database, base.clock
    accounts = AdministeredAccounts(tokens=create_one_time_tokens(settings.keys), mails=base.mails)
    users = Users(
        database=database, clock=clock, passwords=create_passwords(base, rules), accounts=accounts, rules=rules
    )
    invitations = AdministeredInvitations(
        database=database,
        clock=clock,
        inviting=create_inviting(settings, clock, base.mails),
        cursors=_cursors(settings.keys, "invitations"),
    )
    return AdministrationServices(
        roles=Roles(database=database, clock=clock),
        users=users,
        user_actions=UserActions(
            database=database,
            clock=clock,
            throttling=create_throttling(settings.keys, database),
            accounts=accounts,
            factors=create_factor_reset(base),
        ),
        search=UserSearch(database=searched or database, cursors=_cursors(settings.keys, "users")),
        invitations=invitations,
        audit_trail=AuditTrail(
            search=AuditSearch(database=searched or database), cursors=_cursors(settings.keys, "audit")
        ),
        session_listing=SessionListing(database=database, clock=clock),
        user_import=create_user_import(settings.hashes, database, clock),
        user_export=create_user_export(database, clock),
        first_administrator=FirstAdministrator(invitations=invitations, users=users),
    )


def _cursors(settings: KeySettings, of_list: str) -> CursorCodec:
    return CursorCodec(*keys(settings, cursor_purpose(of_list)))
