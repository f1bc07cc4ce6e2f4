"""The URLs of the pages that mails link to. Pure."""

from enum import StrEnum

from doorward.core.frozen import frozen


class AccountPage(StrEnum):
    """The last path segment of a page's URL."""

    VERIFY_EMAIL = "verify-email"
    RESTORE = "restore"
    RESET_PASSWORD = "reset-password"  # noqa: S105 - part of an address
    CONFIRM_REGISTRATION = "confirm-registration"
    ACCEPT_INVITATION = "accept-invitation"
    CONFIRM_EMAIL_CHANGE = "confirm-email-change"


@frozen
class AccountLinks:
    """Build links from the configured public URL, never from a request's headers."""

    public_url: str
    """Has no trailing slash."""

    def link(self, page: AccountPage, token: str) -> str:
        """Return the link.

        The token is in the fragment, which browsers do not send to servers, proxies or as Referer.
        """
        return f"{self.public_url}/account/{page}#token={token}"
