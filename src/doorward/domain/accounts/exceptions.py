"""The refusal of accounts. Its code is part of the API."""

from doorward.core.exceptions import DomainError, Kind


class StaleAccountError(DomainError):
    """The account's version is not one that the caller expects."""

    kind = Kind.STALE
    code = "stale_account"
    detail = "The account was changed meanwhile."
