"""The refusals of changes of an account. The codes are part of the API."""

from doorward.core.exceptions import DomainError, Kind


class UserWithoutEmailError(DomainError):
    """The user has no e-mail address, as users of trusted issuers can have none: there is no mailbox for a link."""

    kind = Kind.CONFLICT
    code = "user_without_email"
    detail = "The user has no e-mail address. An administrator can set one."
