"""Compose the mails that confirm a change of an e-mail address, when they are sent."""

from datetime import datetime
from uuid import UUID

from doorward.core.frozen import frozen
from doorward.core.ports import Clock, Database
from doorward.domain.accounts.links import AccountLinks, AccountPage
from doorward.domain.accounts.models import EmailChangeMode, PendingEmailChange
from doorward.domain.accounts.repositories import Connection, accounts, email_changes
from doorward.domain.auth.tokens.one_time_token import Purpose
from doorward.domain.auth.tokens.one_time_tokens import OneTimeTokens
from doorward.domain.auth.users.identifiers import canonical_email
from doorward.domain.outbox.mail import ComposedMail, MailOrigin, MailRequest


@frozen
class NewMailboxMail:
    """Asks the mailbox that an account is to have. It names no user: the mailbox may be anybody's."""

    database: Database[Connection]
    clock: Clock
    tokens: OneTimeTokens
    links: AccountLinks

    async def judge(self, request: MailRequest) -> MailOrigin | None:
        """Return who asked; None for a change that waits no more, or not for this mailbox."""
        if request.user_id is None or request.email is None:
            return None
        async with self.database.connection() as connection:
            change = await _find_change_to(request.email, connection, request.user_id, self.clock.now())
        return request.origin if change is not None and change.new_confirmed_at is None else None

    async def compose(self, request: MailRequest, message_id: UUID) -> ComposedMail | None:
        """Make a new token for the new address. None for a change that waits no more, and for an address that is taken.

        Without a token for it nobody can confirm an address that another account has.
        """
        if request.user_id is None or request.email is None:
            return None
        now = self.clock.now()
        async with self.database.transaction() as connection:
            mailbox = await accounts.lock_mailbox(connection, request.user_id)
            change = await _find_change_to(request.email, connection, request.user_id, now)
            if mailbox is None or not mailbox.is_active or change is None:
                return None
            holder = await accounts.find_mailbox_by_email(connection, change.email_key)
            if change.new_confirmed_at is not None or (holder is not None and holder.user_id != mailbox.user_id):
                return None
            issued = await self.tokens.issue(
                connection,
                Purpose.EMAIL_CHANGE_NEW,
                user_id=mailbox.user_id,
                email_key=change.email_key,
                message_id=message_id,
                now=now,
            )
        link = self.links.link(AccountPage.CONFIRM_EMAIL_CHANGE, issued.text)
        return ComposedMail(change.email, request.kind, {"link": link, "code": issued.code}, mailbox.locale)


@frozen
class OldMailboxMail:
    """Asks the mailbox that an account has, and names the new address."""

    database: Database[Connection]
    clock: Clock
    tokens: OneTimeTokens
    links: AccountLinks
    mode: EmailChangeMode

    async def judge(self, request: MailRequest) -> MailOrigin | None:
        """Return who asked; None for a change that waits no more, or not for this mailbox."""
        if request.user_id is None or self.mode is EmailChangeMode.NEW:
            return None
        async with self.database.connection() as connection:
            change = await _find_change_to(request.facts["new_email"], connection, request.user_id, self.clock.now())
        return request.origin if change is not None and change.old_confirmed_at is None else None

    async def compose(self, request: MailRequest, message_id: UUID) -> ComposedMail | None:
        """Make a new token for the present address. None for a change that waits no more, or needs no word of it.

        An address that was not verified has no say: it may be anybody's.
        """
        if request.user_id is None or self.mode is EmailChangeMode.NEW:
            return None
        now = self.clock.now()
        async with self.database.transaction() as connection:
            mailbox = await accounts.lock_mailbox(connection, request.user_id)
            change = await _find_change_to(request.facts["new_email"], connection, request.user_id, now)
            if mailbox is None or not mailbox.is_active or mailbox.email_verified_at is None:
                return None
            if change is None or change.old_confirmed_at is not None:
                return None
            issued = await self.tokens.issue(
                connection,
                Purpose.EMAIL_CHANGE_OLD,
                user_id=mailbox.user_id,
                email_key=mailbox.email_key,
                message_id=message_id,
                now=now,
            )
        link = self.links.link(AccountPage.CONFIRM_EMAIL_CHANGE, issued.text)
        facts = {"link": link, "code": issued.code, "new_email": change.email, "username": mailbox.username}
        return ComposedMail(mailbox.email, request.kind, facts, mailbox.locale)


async def _find_change_to(
    email: str, connection: Connection, user_id: UUID, now: datetime
) -> PendingEmailChange | None:
    """Find the change that waits, if it is the one to this address: another may have replaced it."""
    change = await email_changes.find_change(connection, user_id, now=now)
    return change if change is not None and change.email_key == canonical_email(email) else None
