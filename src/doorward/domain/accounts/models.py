"""The vocabulary of this domain: accounts, mails and whom they reach. No I/O."""

from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self
from uuid import UUID

from doorward.core.frozen import frozen


@frozen
class MailContent:
    """What a mail says."""

    subject: str
    text: str
    html: str


@frozen
class Mail:
    """A mail ready to be sent. Its id is the outbox row's and becomes its Message-ID."""

    message_id: UUID
    to: str
    content: MailContent


@frozen
class Recipient:
    """A user as mail needs one. ``is_verified`` and ``has_bounced`` are of the present address."""

    user_id: UUID
    email: str
    email_key: str
    username: str
    locale: str | None
    is_verified: bool
    has_bounced: bool


@frozen
class MailBudget:
    """Whose budget a mail spends: a MAC of the address, who caused the mail, and its kind."""

    address_mac: bytes
    origin: str
    kind: str


@frozen
class MailLimits:
    """How many mails of one kind an address gets in a window, and how many of all kinds in a longer one."""

    kind_limit: int
    kind_window: timedelta
    day_limit: int
    day_window: timedelta


@frozen
class Mailbox:
    """An account with the address that mail goes to. ``email_key`` is the form in which it is unique."""

    user_id: UUID
    username: str
    email: str
    email_key: str
    is_active: bool
    restorable_until: datetime | None
    """When it will be deleted, while it waits for that and its owner can restore it."""
    email_verified_at: datetime | None
    locale: str | None

    def can_be_reset(self, now: datetime) -> bool:
        """Whether a mail may give its owner a new password: also while it waits for its deletion, to restore it."""
        return self.is_active or (self.restorable_until is not None and self.restorable_until > now)


class EmailChangeMode(StrEnum):
    """Which mailboxes confirm a change of a verified address. Of an unverified one only the new mailbox does."""

    BOTH = "both"
    NEW = "new"


class ChangedMailbox(StrEnum):
    """A mailbox of a change: the one that the account has, and the one that it is to have."""

    OLD = "old"
    NEW = "new"


@frozen
class PendingEmailChange:
    """A change of address that waits for its mailboxes. ``email_key`` is the form in which an address is unique."""

    user_id: UUID
    email: str
    email_key: str
    created_at: datetime
    expires_at: datetime
    old_confirmed_at: datetime | None = None
    new_confirmed_at: datetime | None = None

    def confirmed_by(self, mailbox: ChangedMailbox, now: datetime) -> Self:
        """Return the change after a mailbox has confirmed it."""
        if mailbox is ChangedMailbox.OLD:
            return replace(self, old_confirmed_at=now)
        return replace(self, new_confirmed_at=now)


@frozen
class WaitingForMailbox:
    """A mailbox has confirmed a change of address; this one has to, too."""

    mailbox: ChangedMailbox


@frozen
class Profile:
    """An account as its owner sees it in one session.

    ``previous_login`` is when the latest of the sessions began that are older than this one and still stored.
    ``pending_email`` is the address of a change that was not confirmed yet. ``version`` counts the changes.
    """

    id: UUID
    email: str
    email_verified_at: datetime | None
    email_bounced_at: datetime | None
    username: str
    created_at: datetime
    version: int
    previous_login: datetime | None
    pending_email: str | None


@frozen
class ExportedAccount:
    """An account as it is stored, without the password hash and what is counted internally."""

    id: UUID
    email: str
    email_verified_at: datetime | None
    email_bounced_at: datetime | None
    username: str
    locale: str | None
    is_active: bool
    version: int
    created_at: datetime
    pending_email: str | None


@frozen
class LockedDeletion:
    """An account that is locked, waits for its deletion, and can be restored."""

    user_id: UUID
    session_epoch: int


@frozen
class LockedName:
    """The name of an account that is locked, and the account's version."""

    username: str
    version: int
