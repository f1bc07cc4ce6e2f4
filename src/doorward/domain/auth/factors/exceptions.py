"""Errors for users without a second factor. The codes are part of the API."""

from doorward.core.exceptions import DomainError, Kind


class SecondFactorNeededError(DomainError):
    """A call of administration needs a session with two factors, and the user has no second factor."""

    kind = Kind.FORBIDDEN
    code = "second_factor_needed"
    detail = "Administration needs a second factor here, and the account has none."
