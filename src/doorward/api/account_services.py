"""The use cases that routes need for a signed-in user's own account, built by ``wiring``."""

from collections.abc import Awaitable, Callable

from doorward.core.frozen import frozen
from doorward.domain.accounts.deletion import Deletion
from doorward.domain.accounts.email_change import EmailChange
from doorward.domain.accounts.email_change_confirmation import EmailChangeConfirmation
from doorward.domain.accounts.export import Export
from doorward.domain.accounts.password_change import PasswordChange
from doorward.domain.accounts.profile import Profiles
from doorward.domain.auth.login.completion import LoginCompletion
from doorward.domain.auth.login.reauthentication import Reauthentication
from doorward.domain.auth.sessions.listing import SessionListing
from doorward.domain.auth.sessions.own_ending import OwnSessionEnding
from doorward.domain.federation.identities import Identities
from doorward.domain.mfa.enrolment import TotpEnrolment
from doorward.domain.mfa.listing import FactorListing
from doorward.domain.mfa.recovery_codes import RecoveryCodes
from doorward.domain.mfa.second_factor import ShownCodes
from doorward.domain.passkeys.authentication import PasskeyLogin
from doorward.domain.passkeys.management import PasskeyManagement
from doorward.domain.passkeys.registration import PasskeyRegistration
from doorward.domain.passkeys.second_factor import PasskeyFactors


@frozen
class OwnAccountServices:
    """The use cases of a signed-in user's own account."""

    profiles: Profiles
    password_change: PasswordChange
    email_change: EmailChange
    email_change_confirmation: EmailChangeConfirmation
    reauthentication: Reauthentication
    session_listing: SessionListing
    session_ending: OwnSessionEnding
    identities: Identities


@frozen
class PasskeyServices:
    """The use cases of passkeys."""

    login: PasskeyLogin
    factors: PasskeyFactors
    registration: PasskeyRegistration
    management: PasskeyManagement


@frozen
class SecondFactorServices:
    """The use cases of second factors. ``enrolment`` is None if the extra that encrypts secrets is not installed."""

    completion: LoginCompletion
    shown_codes: ShownCodes
    recovery_codes: RecoveryCodes
    listing: FactorListing
    enrolment: TotpEnrolment | None
    draw_qr_code: Callable[[str], Awaitable[str]] | None
    """Returns the QR code of a text as a data URL. None if the package for it is not installed."""


@frozen
class AccountDataServices:
    """The use cases that export the data of an account and delete it."""

    deletion: Deletion
    export: Export
