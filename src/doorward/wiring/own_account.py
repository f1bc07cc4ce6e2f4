"""Build the use cases of a signed-in user's own account from the settings."""

from doorward.api.account_services import OwnAccountServices
from doorward.domain.accounts.password_change import PasswordChange
from doorward.domain.accounts.profile import Profiles
from doorward.domain.auth.login.reauthentication import Reauthentication
from doorward.domain.auth.sessions.listing import SessionListing
from doorward.domain.auth.sessions.own_ending import OwnSessionEnding
from doorward.domain.auth.sessions.token_pair import TokenPairIssuer
from doorward.domain.auth.users.registration import RegistrationRules
from doorward.domain.federation.identities import Identities
from doorward.domain.mfa.notices import FactorNotices
from doorward.wiring.accounts import create_passwords
from doorward.wiring.auth import create_continuation, create_known_devices, lifetimes_of
from doorward.wiring.email_change import create_email_change, create_email_change_confirmation
from doorward.wiring.foundation import Foundation
from doorward.wiring.throttling import create_throttling


def create_own_account(base: Foundation, rules: RegistrationRules, issuer: TokenPairIssuer) -> OwnAccountServices:
    """Return the use cases of a signed-in user's own account."""
    lifetimes, address_detail = lifetimes_of(base.settings), base.settings.tokens.client_addresses
    passwords = create_passwords(base, rules)
    return OwnAccountServices(
        profiles=Profiles(
            database=base.database,
            clock=base.clock,
            reserved_usernames=rules.reserved_usernames,
            address_detail=address_detail,
        ),
        password_change=PasswordChange(
            database=base.database,
            passwords=passwords,
            continuation=create_continuation(base, issuer),
            clock=base.clock,
            mails=base.mails,
        ),
        reauthentication=Reauthentication(
            database=base.database,
            passwords=passwords,
            throttling=create_throttling(base.settings.keys, base.database),
            issuer=issuer,
            clock=base.clock,
            lifetimes=lifetimes,
            address_detail=address_detail,
        ),
        identities=_identities(base),
        email_change=create_email_change(base, rules),
        email_change_confirmation=create_email_change_confirmation(base, rules, issuer),
        session_listing=SessionListing(database=base.database, clock=base.clock),
        session_ending=OwnSessionEnding(
            database=base.database,
            clock=base.clock,
            devices=create_known_devices(base),
            continuation=create_continuation(base, issuer),
            address_detail=address_detail,
        ),
    )


def _identities(base: Foundation) -> Identities:
    return Identities(
        database=base.database,
        clock=base.clock,
        notices=FactorNotices(base.mails),
        address_detail=base.settings.tokens.client_addresses,
        login_issuers=[each.issuer for each in base.settings.logins.login_providers],
    )
