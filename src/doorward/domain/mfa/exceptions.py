"""Every way in which second factors refuse, one class each. The codes are part of the API."""

from doorward.core.exceptions import DomainError, Kind


class SecondFactorsUnavailableError(DomainError):
    """The extra that seals secrets is not installed."""

    kind = Kind.FORBIDDEN
    code = "second_factors_unavailable"
    detail = "This service offers no second factors. Its operator has to install doorward[mfa]."


class TotpExistsError(DomainError):
    """Also for the slower of two confirmations at the same moment."""

    kind = Kind.CONFLICT
    code = "totp_exists"
    detail = "An authenticator application is set up already."


class TotpNotFoundError(DomainError):
    kind = Kind.NOT_FOUND
    code = "totp_not_found"
    detail = "No authenticator application is set up."


class NoSecondFactorError(DomainError):
    """Recovery codes stand in for a second factor, which the account has not."""

    kind = Kind.CONFLICT
    code = "no_second_factor"
    detail = "The account has no second factor. Set one up first."
