"""Account changes by administrators.

The methods run in the transaction of the calling use case, which has locked the user. Each returns the events that it
recorded, for the caller to report after the commit.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from doorward.core.events import AuditedEvent
from doorward.domain.accounts.deletion import schedule_deletion
from doorward.domain.accounts.erasure import erase_account
from doorward.domain.accounts.events import EmailChanged, UserDeleted, UserDeletionScheduled, UsernameChanged
from doorward.domain.accounts.notices import NOTICE_LIFETIME
from doorward.domain.accounts.repositories import Connection, accounts, email_changes, profiles
from doorward.domain.audit.recording import record
from doorward.domain.auth.exceptions import EmailTakenError, UsernameTakenError
from doorward.domain.auth.tokens.one_time_token import Purpose
from doorward.domain.auth.tokens.one_time_tokens import ONE_TIME_TOKEN_LIFETIMES, OneTimeTokens
from doorward.domain.auth.users.identifiers import EmailAddress
from doorward.domain.outbox.mail import MailKind, MailOrigin, MailRequest
from doorward.domain.outbox.mail_queue import MailQueue

RESET_MAIL_LIFETIME: Final = timedelta(hours=24)
"""How long the mail of a reset may wait for delivery. It is long because the recipient did not request the mail."""


class AdministeredAccounts:
    """Change accounts on behalf of administrators."""

    def __init__(self, *, tokens: OneTimeTokens, mails: MailQueue) -> None:
        self._tokens = tokens
        self._mails = mails

    async def rename(self, connection: Connection, user_id: UUID, username: str) -> Sequence[AuditedEvent]:
        """Set a validated user name. Raises ``UsernameTakenError``, which ends the transaction."""
        if not await profiles.update_username(connection, user_id, username=username):
            raise UsernameTakenError
        event = UsernameChanged(user_id=user_id)
        await record(connection, event)
        return [event]

    async def replace_email(
        self, connection: Connection, user_id: UUID, address: EmailAddress, *, now: datetime
    ) -> Sequence[AuditedEvent]:
        """Set a validated address, as unverified.

        Ends all sessions, mailed tokens and pending changes. The previous mailbox gets a notice if it was verified; the
        new one gets a verification mail. Raises ``EmailTakenError``, which ends the transaction.
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
            await self._mails.add(connection, notice, expires_at=now + NOTICE_LIFETIME)
        await self.queue_verification_mail(connection, user_id, now=now)
        return [event]

    async def queue_verification_mail(self, connection: Connection, user_id: UUID, *, now: datetime) -> None:
        """Queue the mail that verifies the address of an account. Does nothing where no mail is configured.

        The mail counts against the claimant's budget: an unverified address may belong to another person.
        """
        mail = MailRequest(MailKind.VERIFY_EMAIL, MailOrigin.CLAIMANT, user_id=user_id)
        await self._mails.add(connection, mail, expires_at=now + ONE_TIME_TOKEN_LIFETIMES[Purpose.VERIFY_EMAIL])

    async def queue_reset_mail(self, connection: Connection, user_id: UUID, *, now: datetime) -> None:
        """Revoke the tokens mailed before, and queue the mail that resets the password.

        Also removes a pending change of address: its mails may be sent later, and the old password would confirm it.
        Raises ``MailNotConfiguredError``, because without the mail the user could not sign in again.
        """
        self._mails.require()
        await accounts.remove_email_change(connection, user_id)
        await self._tokens.remove(connection, user_id, tuple(Purpose))
        # No other reset mail has the origin CLAIMANT, so only administrators spend this budget.
        mail = MailRequest(MailKind.PASSWORD_RESET, MailOrigin.CLAIMANT, user_id=user_id)
        await self._mails.add(connection, mail, expires_at=now + RESET_MAIL_LIFETIME)

    async def schedule_deletion(self, connection: Connection, user_id: UUID, *, now: datetime) -> UserDeletionScheduled:
        """Deactivate an account until it is deleted, as the owner's own deletion does."""
        event = UserDeletionScheduled(user_id=user_id)
        await schedule_deletion(connection, self._mails, user_id, now=now)
        await record(connection, event)
        return event

    async def erase(self, connection: Connection, user_id: UUID) -> UserDeleted:
        """Delete an account with all its data."""
        return await erase_account(connection, user_id)
