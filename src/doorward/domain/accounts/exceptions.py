"""Every way in which accounts refuse, one class each. The codes are part of the API."""

from doorward.core.exceptions import DomainError, Kind


class StaleAccountError(DomainError):
    """The account is not at a version that the caller expects."""

    kind = Kind.STALE
    code = "stale_account"
    detail = "The account was changed meanwhile."
