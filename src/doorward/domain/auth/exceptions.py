"""Every way in which auth refuses, one class each. The codes are part of the API."""

from collections.abc import Sequence

from doorward.core.exceptions import DomainError, Kind


class EmailTakenError(DomainError):
    """Another account has this e-mail address in some spelling."""

    kind = Kind.CONFLICT
    code = "email_taken"
    detail = "An account with this e-mail address exists. Log in, or register another address."


class UsernameTakenError(DomainError):
    """Another account has this user name in some spelling."""

    kind = Kind.CONFLICT
    code = "username_taken"
    detail = "An account with this user name exists. Choose another."


class RegistrationClosedError(DomainError):
    """The operator makes all accounts: ``REGISTRATION=closed``."""

    kind = Kind.FORBIDDEN
    code = "registration_closed"
    detail = "Registration is closed. Accounts are made by the operator."


class InvitationRequiredError(DomainError):
    """Accounts begin with an invitation: ``REGISTRATION=invite``."""

    kind = Kind.FORBIDDEN
    code = "invitation_required"
    detail = "An account needs an invitation. Use the link in the mail that invites you, or ask the operator for one."


class RegistrationDomainRefusedError(DomainError):
    """The domain of the e-mail address is not one of ``REGISTRATION_DOMAINS``."""

    kind = Kind.FORBIDDEN
    code = "registration_domain_refused"
    detail = "Addresses at this domain cannot be used here. Use the one that your organisation gave you."


class InvalidEmailError(DomainError):
    """Not an e-mail address, or at a domain that no mail reaches over the Internet (.local, .test, one label)."""

    kind = Kind.INVALID
    code = "invalid_email"
    detail = "This is not a usable e-mail address. Send one at a domain that receives mail, as name@example.com."


class InvalidUsernameError(DomainError):
    """Outside the alphabet or the length of user names, or with a separator at an end."""

    kind = Kind.INVALID
    code = "invalid_username"
    detail = (
        "A user name has 3 to 32 characters: letters a to z, digits, dot, underscore, hyphen. "
        "The first and the last are a letter or a digit."
    )


class UsernameReservedError(DomainError):
    """A name of ``RESERVED_USERNAMES``, or one that begins as those of foreign issuers' users."""

    kind = Kind.INVALID
    code = "username_reserved"
    detail = "This user name is reserved. Choose another."


class InvalidCredentialsError(DomainError):
    """The login failed. Deliberately the same for an unknown user, a wrong password and an inactive user."""

    kind = Kind.UNAUTHENTICATED
    code = "invalid_credentials"
    detail = "User name or password is wrong. Check both and try again."
    oauth_error = "invalid_grant"


class DeletionPendingError(DomainError):
    """The password is right, and the account waits for its deletion. Only the right password is told so."""

    kind = Kind.FORBIDDEN
    code = "deletion_pending"
    detail = "The account is about to be deleted. Its owner can restore it until then."
    oauth_error = "invalid_grant"

    def __init__(self, restore_token: str, deletes_at: str) -> None:
        """Take the token that restores the account, and when it will be deleted."""
        super().__init__()
        self.members = {"restore_token": restore_token, "deletes_at": deletes_at}


class NothingToRestoreError(DomainError):
    """The name or the password is wrong, or the account waits for no deletion: the caller is not told which."""

    kind = Kind.INVALID
    code = "nothing_to_restore"
    detail = "No account of this user name and password waits for its deletion. Check both and try again."


class LoginThrottledError(DomainError):
    """So many logins to one name have failed that the next has to wait. The same whether there is such an account."""

    kind = Kind.EXHAUSTED
    code = "login_throttled"
    detail = (
        "Too many passwords for this account were wrong. A device or an address that the account knows is "
        "counted apart."
    )
    oauth_error = "temporarily_unavailable"

    def __init__(self, retry_after_seconds: int = 15) -> None:
        """Take the seconds after which the next attempt is due."""
        super().__init__()
        self.retry_after_seconds = retry_after_seconds


class EmailNotVerifiedError(DomainError):
    """The password is right, and ``LOGIN_REQUIRES_VERIFIED_EMAIL`` holds the login back."""

    kind = Kind.FORBIDDEN
    code = "email_not_verified"
    detail = "The e-mail address of this account is not verified yet. A mail to it has a link and a code."
    oauth_error = "invalid_grant"


class PasswordChangeRequiredError(DomainError):
    """The password is right and must be replaced before it signs in again: an administrator has had it reset."""

    kind = Kind.FORBIDDEN
    code = "password_change_required"
    detail = "The password of this account has to be replaced. A mail to its address has a link and a code for it."
    oauth_error = "invalid_grant"


class SecondFactorRequiredError(DomainError):
    """The password is right, and the account has a second factor. Only the right password is told so."""

    kind = Kind.FORBIDDEN
    code = "second_factor_required"
    detail = "The password is right. This account has a second factor, which has to be shown, too."
    oauth_error = "mfa_required"

    def __init__(self, mfa_token: str, methods: Sequence[str]) -> None:
        """Take the token that stands for what was shown, and the ways to show the second factor."""
        super().__init__()
        self.members = {"mfa_token": mfa_token, "methods": list(methods)}


class InvalidPendingLoginError(DomainError):
    """The token of a login that waits for a second factor is forged, expired or used: the caller is not told which."""

    kind = Kind.INVALID
    code = "invalid_mfa_token"
    detail = "This sign-in has expired, or was completed. Begin again with the password."
    oauth_error = "invalid_grant"


class InvalidSecondFactorError(DomainError):
    """Wrong, used, or of an account without such a factor: the caller is not told which."""

    kind = Kind.FORBIDDEN
    code = "invalid_second_factor"
    detail = "The code is wrong or was used. Wait for the next one, or use another way."
    oauth_error = "invalid_grant"


class TooManyHashesError(DomainError):
    """As many logins and registrations of one address wait for a processor as may."""

    kind = Kind.EXHAUSTED
    code = "too_many_passwords_waiting"
    detail = "Too many logins and registrations from this address are waiting."
    oauth_error = "temporarily_unavailable"
    retry_after_seconds = 1


class InvalidRefreshTokenError(DomainError):
    """Forged, unknown, expired, revoked, reused, or of an inactive user: the caller is not told which."""

    kind = Kind.UNAUTHENTICATED
    code = "invalid_refresh_token"
    detail = "The refresh token is not valid, or no longer. Log in again."
    oauth_error = "invalid_grant"


class ScopeNotGrantedError(DomainError):
    """A refresh asked for more than the session was granted. Its token was not used (RFC 6749 section 6)."""

    kind = Kind.INVALID
    code = "scope_not_granted"
    detail = "The session was not granted all of these scopes. Ask for fewer, or leave scope out."
    oauth_error = "invalid_scope"


class InvalidTargetError(DomainError):
    """RFC 8707 section 2."""

    kind = Kind.INVALID
    code = "invalid_target"
    detail = "No such token is issued for this resource. Name one that the client was given, once."
    oauth_error = "invalid_target"


class InvalidOneTimeTokenError(DomainError):
    """A link's token or a typed code is unknown, expired, used or of somebody else: the caller is not told which."""

    kind = Kind.INVALID
    code = "invalid_token"
    detail = "The link or the code is not valid, or no longer. Ask for a new one."


class MissingAccessTokenError(DomainError):
    """No bearer token was sent (RFC 6750 section 3.1: no error code then)."""

    kind = Kind.UNAUTHENTICATED
    code = "missing_access_token"
    detail = "No access token was sent."


class InvalidAccessTokenError(DomainError):
    """Forged, expired, of an ended session or an inactive user: the caller is not told which."""

    kind = Kind.UNAUTHENTICATED
    code = "invalid_access_token"
    detail = "The access token is not valid, or no longer. Refresh it or log in again."
    oauth_error = "invalid_token"


class ReauthenticationRequiredError(DomainError):
    """The session's last proof of who is asking is too old for this call (RFC 9470)."""

    kind = Kind.UNAUTHENTICATED
    code = "reauthentication_required"
    detail = (
        "This call needs a recent proof of who you are. Show your second factor again if the account has one, or else "
        "your password."
    )
    oauth_error = "insufficient_user_authentication"

    def __init__(self, max_age_seconds: int | None = 300, *, acr: int | None = None) -> None:
        """Take how old a proof may be, None for any age, and how many kinds of factors it must be by."""
        super().__init__()
        self.max_age_seconds = max_age_seconds
        self.acr = acr


class WrongPasswordError(DomainError):
    """The password that a signed-in user sent is not the account's. The session goes on."""

    kind = Kind.FORBIDDEN
    code = "wrong_password"
    detail = "The current password is wrong. Check it and try again."


class UnknownRoleError(DomainError):
    kind = Kind.INVALID
    code = "unknown_role"
    detail = "There is no role of such a name. Define it first, or correct the name."


class LastAdministratorError(DomainError):
    """Without an active user who has the role of administrators, only a shell could give it again."""

    kind = Kind.CONFLICT
    code = "last_admin"
    detail = "This is the last active administrator. Give another user the role first."


class OwnerRequiredError(DomainError):
    """A client, or a foreign issuer's subject without a local user, would own what it wrote."""

    kind = Kind.FORBIDDEN
    code = "owner_required"
    detail = "Only a user can own this, and the access token is none of a user."


class SessionNotFoundError(DomainError):
    """No live session of this user has the id: unknown, ended, expired or of another user, which is not told."""

    kind = Kind.NOT_FOUND
    code = "session_not_found"
    detail = "You have no live session of this id."


class UserNotFoundError(DomainError):
    """An operator or an administrator named a user who is none. No other call answers this: it would tell who is."""

    kind = Kind.NOT_FOUND
    code = "user_not_found"
    detail = "There is no such user."
