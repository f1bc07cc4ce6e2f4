"""The refusals of foreign issuers' users."""

from doorward.domain.auth.exceptions import InvalidAccessTokenError


class ExternalUserInactiveError(InvalidAccessTokenError):
    """The local user is deactivated or waits for its deletion. The caller is told what all invalid tokens are."""
