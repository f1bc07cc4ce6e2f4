"""What administration does to accounts, in the transactions of its use cases, which have locked the user.

Each method returns its events, recorded, to be reported after the commit.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from doorward.core.events import AuditedEvent
from doorward.domain.accounts.deletion import schedule_deletion
from doorward.domain.accounts.erasure import erase_account
from doorward.domain.accounts.events import EmailChanged, UserDeleted, UserDeletionScheduled, UsernameChanged
from doorward.domain.accounts.repositories import Connection, accounts, email_changes, profiles
from doorward.domain.audit.recording import record
from doorward.domain.auth.exceptions import EmailTakenError, UsernameTakenError
from doorward.domain.auth.tokens.one_time_token import Purpose
from doorward.domain.auth.tokens.one_time_tokens import LIFE_OF_PURPOSE, OneTimeTokens
from doorward.domain.auth.users.identifiers import EmailAddress
from doorward.domain.outbox.mail import MailKind, MailOrigin, MailRequest
from doorward.domain.outbox.mail_queue import MailQueue

LIFE_OF_NOTICE: Final = timedelta(hours=24)
LIFE_OF_RESET_MAIL: Final = timedelta(hours=24)
"""How long the mail of a reset may wait for its delivery: the person whom it is for does not wait at a screen."""


class AdministeredAccounts:
    """Changes accounts for administration."""

    def __init__(self, *, tokens: OneTimeTokens, mails: MailQueue) -> None:
        self._tokens = tokens
        self._mails = mails

    async def rename(self, connection: Connection, user_id: UUID, username: str) -> Sequence[AuditedEvent]:
        """Give an account a user name that was checked. Raises ``UsernameTakenError``, which ends the transaction."""
        if not await profiles.update_username(connection, user_id, username=username):
            raise UsernameTakenError
        event = UsernameChanged(user_id=user_id)
        await record(connection, event)
        return [event]

    async def replace_email(
        self, connection: Connection, user_id: UUID, address: EmailAddress, *, now: datetime
    ) -> Sequence[AuditedEvent]:
        """Give an account an address that was checked, and that nobody has shown to be the user's.

        All sessions, mailed tokens and changes that wait end. The mailbox before it is told, if it was verified; the
        new one gets the mail that verifies it. Raises ``EmailTakenError``, which ends the transaction.
        """
        mailbox = await accounts.lock_mailbox(connection, user_id)
        if not await email_changes.replace_email_unverified(
            connection, user_id, email=address.shown, email_key=address.key
        ):
            raise EmailTakenError
        await accounts.remove_email_change(connection, user_id)
        await self._tokens.remove(connection, user_id, tuple(Purpose))
        event = EmailChanged(user_id=user_id)
        await record(connection, event)
        if mailbox is not None and mailbox.email_verified_at is not None:
            notice = MailRequest(MailKind.EMAIL_CHANGED, MailOrigin.SERVICE, user_id=user_id, email=mailbox.email)
            await self._mails.add(connection, notice, expires_at=now + LIFE_OF_NOTICE)
        await self.ask_to_verify(connection, user_id, now=now)
        return [event]

    async def ask_to_verify(self, connection: Connection, user_id: UUID, *, now: datetime) -> None:
        """Ask for the mail that verifies the address of an account. Without mail it does nothing.

        Until it is verified the address may be anybody's: the mail spends what a claimant may cause.
        """
        mail = MailRequest(MailKind.VERIFY_EMAIL, MailOrigin.CLAIMANT, user_id=user_id)
        await self._mails.add(connection, mail, expires_at=now + LIFE_OF_PURPOSE[Purpose.VERIFY_EMAIL])

    async def ask_to_reset(self, connection: Connection, user_id: UUID, *, now: datetime) -> None:
        """End the tokens that were mailed before, and ask for the mail that resets the password.

        A change of address that waits ends, too: its mails may be sent later, and the old password would confirm it.
        Raises ``MailNotConfiguredError``: without the mail nobody could sign in any more.
        """
        self._mails.require()
        await accounts.remove_email_change(connection, user_id)
        await self._tokens.remove(connection, user_id, tuple(Purpose))
        # Nobody else causes such a mail as a claimant, so this budget is administration's alone.
        mail = MailRequest(MailKind.PASSWORD_RESET, MailOrigin.CLAIMANT, user_id=user_id)
        await self._mails.add(connection, mail, expires_at=now + LIFE_OF_RESET_MAIL)

    async def schedule_deletion(self, connection: Connection, user_id: UUID, *, now: datetime) -> UserDeletionScheduled:
        """Deactivate an account until it is deleted, as its owner's own deletion does."""
        event = UserDeletionScheduled(user_id=user_id)
        await schedule_deletion(connection, self._mails, user_id, now=now)
        await record(connection, event)
        return event

    async def erase(self, connection: Connection, user_id: UUID) -> UserDeleted:
        """Delete an account with all its data."""
        return await erase_account(connection, user_id)
