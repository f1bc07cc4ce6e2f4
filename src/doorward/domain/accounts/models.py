"""Types of the accounts domain: accounts, mails and recipients. No I/O."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self
from uuid import UUID

from doorward.core.frozen import frozen


@frozen
class MailContent:
    """The subject and the bodies of a mail."""

    subject: str
    text: str
    html: str


@frozen
class Mail:
    """A mail ready to be sent. Its id is that of the outbox row and becomes the Message-ID."""

    message_id: UUID
    to: str
    content: MailContent


@frozen
class Recipient:
    """A user as a mail's recipient. ``is_verified`` and ``has_bounced`` refer to the present address."""

    user_id: UUID
    email: str
    email_key: str
    username: str
    locale: str | None
    is_verified: bool
    has_bounced: bool


@frozen
class MailBudget:
    """The key of a mail budget: a MAC of the address, the mail's origin, and its kind."""

    address_mac: bytes
    origin: str
    kind: str


@frozen
class MailLimits:
    """The limits of mails to one address: for each kind in a window, and for all kinds in a longer one."""

    kind_limit: int
    kind_window: timedelta
    day_limit: int
    day_window: timedelta


@frozen
class Mailbox:
    """An account and its mail address. ``email_key`` is the canonical form, which is unique."""

    user_id: UUID
    username: str
    email: str
    email_key: str
    is_active: bool
    restorable_until: datetime | None
    """When the account will be deleted, if that is scheduled and its owner can still restore it."""
    email_verified_at: datetime | None
    locale: str | None

    def allows_password_reset(self, now: datetime) -> bool:
        """Return whether a mail may reset the password: also during a scheduled deletion, to restore the account."""
        return self.is_active or (self.restorable_until is not None and self.restorable_until > now)


class EmailChangeMode(StrEnum):
    """Which mailboxes confirm a change of a verified address. For an unverified one only the new mailbox confirms."""

    BOTH = "both"
    NEW = "new"


class ChangedMailbox(StrEnum):
    """A mailbox of a change: the account's present one, or its new one."""

    OLD = "old"
    NEW = "new"


@frozen
class PendingEmailChange:
    """A pending change of address. ``email_key`` is the canonical form of the new address, which is unique."""

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
class PendingConfirmation:
    """The mailbox that still has to confirm a change of address."""

    mailbox: ChangedMailbox


@frozen
class Profile:
    """An account as its owner sees it in one session.

    ``previous_login`` is the start of the latest stored session that is older than this one. ``pending_email`` is the
    address of a change that is not confirmed yet. ``version`` counts the changes.
    """

    id: UUID
    email: str | None
    email_verified_at: datetime | None
    email_bounced_at: datetime | None
    username: str
    created_at: datetime
    version: int
    previous_login: datetime | None
    pending_email: str | None


@frozen
class ExportedAccount:
    """All stored data of an account with a session, without the password hash, keys and the counter of epochs."""

    id: UUID
    email: str | None
    email_verified_at: datetime | None
    email_bounced_at: datetime | None
    username: str
    locale: str | None
    external_id: str | None
    roles: Sequence[str]
    second_factors: Sequence[str]
    must_change_password: bool
    was_verified: bool
    is_active: bool
    version: int
    created_at: datetime
    updated_at: datetime
    pending_email: str | None


@frozen
class DueDeletion:
    """An account whose deletion is due, and since when."""

    user_id: UUID
    due_at: datetime


@frozen
class LockedDeletion:
    """A locked account that is scheduled for deletion and can be restored."""

    user_id: UUID
    session_epoch: int


@frozen
class LockedName:
    """The user name and version of a locked account."""

    username: str
    version: int
