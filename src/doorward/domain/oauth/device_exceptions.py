"""The errors that a device gets in place of tokens (RFC 8628 section 3.5). The codes are part of the API."""

from doorward.core.exceptions import DomainError, Kind


class InvalidDeviceCodeError(DomainError):
    """The code is forged, another client's, or of a user who may not sign in: the response does not tell which."""

    kind = Kind.INVALID
    code = "invalid_device_code"
    detail = "The device code is not valid, or no longer. Begin the authorization again."
    oauth_error = "invalid_grant"


class AuthorizationPendingError(DomainError):
    """RFC 8628 section 3.5."""

    kind = Kind.INVALID
    code = "authorization_pending"
    detail = "The user has not decided yet. Ask again after the interval."
    oauth_error = "authorization_pending"


class SlowDownError(DomainError):
    """RFC 8628 section 3.5: the interval is 5 seconds longer from now on."""

    kind = Kind.INVALID
    code = "slow_down"
    detail = "The device asks too often. Wait 5 seconds longer between two polls from now on."
    oauth_error = "slow_down"


class ExpiredDeviceCodeError(DomainError):
    """RFC 8628 section 3.5. A code that was used gets the same answer."""

    kind = Kind.INVALID
    code = "device_code_expired"
    detail = "The device code has expired, or was used. Begin the authorization again."
    oauth_error = "expired_token"


class DeviceDeniedError(DomainError):
    """RFC 8628 section 3.5."""

    kind = Kind.INVALID
    code = "device_denied"
    detail = "The user did not agree."
    oauth_error = "access_denied"
