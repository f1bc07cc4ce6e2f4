"""The addresses of the pages that mails lead to. Pure."""

from enum import StrEnum

from doorward.core.frozen import frozen


class AccountPage(StrEnum):
    """The last part of a page's address."""

    VERIFY_EMAIL = "verify-email"
    RESTORE = "restore"
    RESET_PASSWORD = "reset-password"  # noqa: S105 - part of an address
    CONFIRM_REGISTRATION = "confirm-registration"
    ACCEPT_INVITATION = "accept-invitation"
    CONFIRM_EMAIL_CHANGE = "confirm-email-change"


@frozen
class AccountLinks:
    """Makes links from the address under which the service is reached, never from a request's headers."""

    public_url: str
    """Without a slash at its end."""

    def link(self, page: AccountPage, token: str) -> str:
        """Return the link. The token is in the fragment, which no server, proxy or Referer header gets."""
        return f"{self.public_url}/account/{page}#token={token}"
