"""Errors of setting up second factors. Those of using them are in ``domain/auth``. The codes are part of the API."""

from doorward.core.exceptions import DomainError, Kind


class SecondFactorsUnavailableError(DomainError):
    """The optional dependency that seals secrets is not installed."""

    kind = Kind.FORBIDDEN
    code = "second_factors_unavailable"
    detail = "This service offers no second factors. Its operator has to install doorward[mfa]."


class TotpExistsError(DomainError):
    """An application is set up, perhaps by a concurrent confirmation."""

    kind = Kind.CONFLICT
    code = "totp_exists"
    detail = "An authenticator application is set up already."


class TotpNotFoundError(DomainError):
    kind = Kind.NOT_FOUND
    code = "totp_not_found"
    detail = "No authenticator application is set up."


class NoSecondFactorError(DomainError):
    """Recovery codes replace a second factor, and the account has none."""

    kind = Kind.CONFLICT
    code = "no_second_factor"
    detail = "The account has no second factor. Set one up first."
