"""How calls are refused to users who have no second factor. The codes are part of the API."""

from doorward.core.exceptions import DomainError, Kind


class SecondFactorNeededError(DomainError):
    """A call of administration, where those are for sessions by two factors only."""

    kind = Kind.FORBIDDEN
    code = "second_factor_needed"
    detail = "Administration needs a second factor here, and the account has none."
