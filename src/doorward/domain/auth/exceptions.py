"""The errors of this domain. The codes are part of the API."""

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
    """Only the operator creates accounts: ``REGISTRATION=closed``."""

    kind = Kind.FORBIDDEN
    code = "registration_closed"
    detail = "Registration is closed. Accounts are made by the operator."


class InvitationRequiredError(DomainError):
    """A registration needs an invitation: ``REGISTRATION=invite``."""

    kind = Kind.FORBIDDEN
    code = "invitation_required"
    detail = "An account needs an invitation. Use the link in the mail that invites you, or ask the operator for one."


class RegistrationDomainRefusedError(DomainError):
    """The domain of the e-mail address is not one of ``REGISTRATION_DOMAINS``."""

    kind = Kind.FORBIDDEN
    code = "registration_domain_refused"
    detail = "Addresses at this domain cannot be used here. Use the one that your organisation gave you."


class InvalidEmailError(DomainError):
    """The text is no e-mail address, or its domain receives no mail over the Internet (.local, .test, one label)."""

    kind = Kind.INVALID
    code = "invalid_email"
    detail = "This is not a usable e-mail address. Send one at a domain that receives mail, as name@example.com."


class InvalidUsernameError(DomainError):
    """The user name has invalid characters, an invalid length, or a separator at the start or the end."""

    kind = Kind.INVALID
    code = "invalid_username"
    detail = (
        "A user name has 3 to 32 characters: letters a to z, digits, dot, underscore, hyphen. "
        "The first and the last are a letter or a digit."
    )


class UsernameReservedError(DomainError):
    """The name is one of ``RESERVED_USERNAMES``, or has the prefix of foreign issuers' users."""

    kind = Kind.INVALID
    code = "username_reserved"
    detail = "This user name is reserved. Choose another."


class InvalidCredentialsError(DomainError):
    """The login failed. The error is deliberately the same for unknown users, wrong passwords and inactive users."""

    kind = Kind.UNAUTHENTICATED
    code = "invalid_credentials"
    detail = "User name or password is wrong. Check both and try again."
    oauth_error = "invalid_grant"


class DeletionPendingError(DomainError):
    """The first factor is right, and the account is about to be deleted. Only a right factor reveals this."""

    kind = Kind.FORBIDDEN
    code = "deletion_pending"
    detail = "The account is about to be deleted. Its owner can restore it until then."
    oauth_error = "invalid_grant"

    def __init__(self, restore_token: str, deletes_at: str) -> None:
        """Store the token that restores the account, and when the account will be deleted."""
        super().__init__()
        self.members = {"restore_token": restore_token, "deletes_at": deletes_at}


class NothingToRestoreError(DomainError):
    """The name or the password is wrong, or no deletion is scheduled: the caller must not learn which."""

    kind = Kind.INVALID
    code = "nothing_to_restore"
    detail = "No account of this user name and password waits for its deletion. Check both and try again."


class LoginThrottledError(DomainError):
    """Too many logins with one name have failed, so the next must wait. The same for names with and without account."""

    kind = Kind.EXHAUSTED
    code = "login_throttled"
    detail = (
        "Too many passwords for this account were wrong. A device or an address that the account knows is "
        "counted apart."
    )
    oauth_error = "temporarily_unavailable"

    def __init__(self, retry_after_seconds: int = 15) -> None:
        """Store the number of seconds until the next attempt is allowed."""
        super().__init__()
        self.retry_after_seconds = retry_after_seconds


class EmailNotVerifiedError(DomainError):
    """The first factor is right, but ``LOGIN_REQUIRES_VERIFIED_EMAIL`` is set and the address is not verified."""

    kind = Kind.FORBIDDEN
    code = "email_not_verified"
    detail = "The e-mail address of this account is not verified yet. A mail to it has a link and a code."
    oauth_error = "invalid_grant"


class PasswordChangeRequiredError(DomainError):
    """The password is right, but must be replaced before the next login, because an administrator has reset it."""

    kind = Kind.FORBIDDEN
    code = "password_change_required"
    detail = "The password of this account has to be replaced. A mail to its address has a link and a code for it."
    oauth_error = "invalid_grant"


class SecondFactorRequiredError(DomainError):
    """The first factor is right, and the account has a second one. Only a right factor reveals this."""

    kind = Kind.FORBIDDEN
    code = "second_factor_required"
    detail = "The first step is done. This account has a second factor, which has to be shown, too."
    oauth_error = "mfa_required"

    def __init__(self, mfa_token: str, methods: Sequence[str]) -> None:
        """Store the token that completes the login, and the methods by which the second factor can be shown."""
        super().__init__()
        self.members = {"mfa_token": mfa_token, "methods": list(methods)}


class InvalidPendingLoginError(DomainError):
    """The token of a pending login is forged, expired or used: the caller must not learn which."""

    kind = Kind.INVALID
    code = "invalid_mfa_token"
    detail = "This sign-in has expired, or was completed. Begin again with the first step."
    oauth_error = "invalid_grant"


class InvalidSecondFactorError(DomainError):
    """The code is wrong or used, or the account has no such factor: the caller must not learn which."""

    kind = Kind.FORBIDDEN
    code = "invalid_second_factor"
    detail = "The code is wrong or was used. Wait for the next one, or use another way."
    oauth_error = "invalid_grant"


class TooManyHashesError(DomainError):
    """Too many logins and registrations from one address are waiting for a processor."""

    kind = Kind.EXHAUSTED
    code = "too_many_passwords_waiting"
    detail = "Too many logins and registrations from this address are waiting."
    oauth_error = "temporarily_unavailable"
    retry_after_seconds = 1


class InvalidRefreshTokenError(DomainError):
    """The token is forged, unknown, expired, revoked, reused or an inactive user's: the caller must not learn which."""

    kind = Kind.UNAUTHENTICATED
    code = "invalid_refresh_token"
    detail = "The refresh token is not valid, or no longer. Log in again."
    oauth_error = "invalid_grant"


class ScopeNotGrantedError(DomainError):
    """A refresh requested a scope that the session lacks. Its token stays current (RFC 6749 section 6)."""

    kind = Kind.INVALID
    code = "scope_not_granted"
    detail = "The session was not granted all of these scopes. Ask for fewer, or leave scope out."
    oauth_error = "invalid_scope"


class InvalidTargetError(DomainError):
    """The requested resource is unknown, malformed, or not allowed for the client (RFC 8707 section 2)."""

    kind = Kind.INVALID
    code = "invalid_target"
    detail = "No such token is issued for this resource. Name one that the client was given, once."
    oauth_error = "invalid_target"


class InvalidOneTimeTokenError(DomainError):
    """A link's token or a typed code is unknown, expired, used or another user's: the caller must not learn which."""

    kind = Kind.INVALID
    code = "invalid_token"
    detail = "The link or the code is not valid, or no longer. Ask for a new one."


class MissingAccessTokenError(DomainError):
    """No bearer token was sent. The response has no OAuth error code then (RFC 6750 section 3.1)."""

    kind = Kind.UNAUTHENTICATED
    code = "missing_access_token"
    detail = "No access token was sent."


class InvalidAccessTokenError(DomainError):
    """The token is forged, expired, or of an ended session or an inactive user: the caller must not learn which."""

    kind = Kind.UNAUTHENTICATED
    code = "invalid_access_token"
    detail = "The access token is not valid, or no longer. Refresh it or log in again."
    oauth_error = "invalid_token"


class ReauthenticationRequiredError(DomainError):
    """The session's last proof of its user is too old or too weak for this call (RFC 9470)."""

    kind = Kind.UNAUTHENTICATED
    code = "reauthentication_required"
    detail = (
        "This call needs a recent proof of who you are. Show your second factor again if the account has one, or else "
        "your password."
    )
    oauth_error = "insufficient_user_authentication"

    def __init__(self, max_age_seconds: int | None = 300, *, acr: int | None = None) -> None:
        """Store the maximum age of the proof (None for any), and the number of kinds of factors that it needs."""
        super().__init__()
        self.max_age_seconds = max_age_seconds
        self.acr = acr


class WrongPasswordError(DomainError):
    """The password that a signed-in user sent is not the account's. The session continues."""

    kind = Kind.FORBIDDEN
    code = "wrong_password"
    detail = "The current password is wrong. Check it and try again."


class UnknownRoleError(DomainError):
    kind = Kind.INVALID
    code = "unknown_role"
    detail = "There is no role of such a name. Define it first, or correct the name."


class LastAdministratorError(DomainError):
    """The change would leave no active administrator: only a command in a shell could grant that role again."""

    kind = Kind.CONFLICT
    code = "last_admin"
    detail = "This is the last active administrator. Give another user the role first."


class OwnerRequiredError(DomainError):
    """A client, or a foreign issuer's subject without a local user, cannot own what it would create."""

    kind = Kind.FORBIDDEN
    code = "owner_required"
    detail = "Only a user can own this, and the access token is none of a user."


class SessionNotFoundError(DomainError):
    """The session is unknown, ended, expired or another user's: the caller must not learn which."""

    kind = Kind.NOT_FOUND
    code = "session_not_found"
    detail = "You have no live session of this id."


class UserNotFoundError(DomainError):
    """There is no such user. Only for operators and administrators: others must not learn which users exist."""

    kind = Kind.NOT_FOUND
    code = "user_not_found"
    detail = "There is no such user."
