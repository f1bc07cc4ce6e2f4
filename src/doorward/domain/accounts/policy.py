"""The rules of accounts as pure decisions, and the limits of mails to one address."""

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
"""Per origin: mails that strangers cause do not count against the owner."""


def check_version(version: int, is_expected: VersionTest) -> None:
    """Raise ``StaleAccountError`` unless the caller expects this version."""
    if not is_expected(version):
        raise StaleAccountError


def typed_email_key(email: str) -> str:
    """Return the canonical form of the address that is entered with a mailed code.

    Raises ``InvalidOneTimeTokenError`` for an invalid address.
    """
    try:
        return canonical_email(email)
    except InvalidEmailError as error:
        raise InvalidOneTimeTokenError from error


def next_mailbox_to_confirm(
    change: PendingEmailChange, mode: EmailChangeMode, *, is_verified: bool
) -> ChangedMailbox | None:
    """Return the mailbox that has to confirm a change next; None if all have confirmed.

    ``is_verified`` says whether the account's present address is verified: if not, its mailbox may belong to another
    person and does not confirm.
    """
    if change.new_confirmed_at is None:
        return ChangedMailbox.NEW
    if mode is EmailChangeMode.BOTH and is_verified and change.old_confirmed_at is None:
        return ChangedMailbox.OLD
    return None
