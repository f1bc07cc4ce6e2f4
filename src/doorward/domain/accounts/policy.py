"""The rules of accounts as pure decisions, and how much mail one address gets."""

from datetime import timedelta
from typing import Final

from doorward.core.versions import VersionTest
from doorward.domain.accounts.exceptions import StaleAccountError
from doorward.domain.accounts.models import ChangedMailbox, EmailChangeMode, MailLimits, PendingEmailChange
from doorward.domain.auth.exceptions import InvalidEmailError, InvalidOneTimeTokenError
from doorward.domain.auth.users.identifiers import canonical_email

MAIL_LIMITS: Final = MailLimits(
    kind_limit=1, kind_window=timedelta(minutes=1), day_limit=10, day_window=timedelta(days=1)
)
"""Of each origin by itself: what strangers cause does not count against the owner."""


def check_version(version: int, is_expected: VersionTest) -> None:
    """Raise ``StaleAccountError`` unless the caller expects this version."""
    if not is_expected(version):
        raise StaleAccountError


def typed_email_key(email: str) -> str:
    """Return the canonical form of the address that is typed with a mailed code.

    Raises ``InvalidOneTimeTokenError`` for what is no address.
    """
    try:
        return canonical_email(email)
    except InvalidEmailError as error:
        raise InvalidOneTimeTokenError from error


def mailbox_to_wait_for(
    change: PendingEmailChange, mode: EmailChangeMode, *, is_verified: bool
) -> ChangedMailbox | None:
    """Return which mailbox has to confirm a change next; None when it can be made.

    ``is_verified`` says whether the address that the account has was shown to be its owner's: if not, its mailbox may
    be anybody's and has no say.
    """
    if change.new_confirmed_at is None:
        return ChangedMailbox.NEW
    if mode is EmailChangeMode.BOTH and is_verified and change.old_confirmed_at is None:
        return ChangedMailbox.OLD
    return None
