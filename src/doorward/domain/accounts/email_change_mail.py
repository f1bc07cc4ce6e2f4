"""Compose the mails that confirm a change of an e-mail address, at the time of sending."""

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
    """Compose the mail to the new mailbox. It names no user, because the mailbox may belong to another person."""

    database: Database[Connection]
    clock: Clock
    tokens: OneTimeTokens
    links: AccountLinks

    async def origin_of(self, request: MailRequest) -> MailOrigin | None:
        """Return the request's origin; None if the change is no longer pending, or not for this mailbox."""
        if request.user_id is None or request.email is None:
            return None
        async with self.database.connection() as connection:
            change = await _find_change_to(request.email, connection, request.user_id, self.clock.now())
        return request.origin if change is not None and change.new_confirmed_at is None else None

    async def compose(self, request: MailRequest, message_id: UUID) -> ComposedMail | None:
        """Make a new token for the new address. None if the change is no longer pending, or the address is taken.

        Without a token, an address that another account has cannot be confirmed.
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
    """Compose the mail to the account's present mailbox. It names the new address."""

    database: Database[Connection]
    clock: Clock
    tokens: OneTimeTokens
    links: AccountLinks
    mode: EmailChangeMode

    async def origin_of(self, request: MailRequest) -> MailOrigin | None:
        """Return the request's origin; None if the change is no longer pending, or not for this mailbox."""
        if request.user_id is None or self.mode is EmailChangeMode.NEW:
            return None
        async with self.database.connection() as connection:
            change = await _find_change_to(request.facts["new_email"], connection, request.user_id, self.clock.now())
        return request.origin if change is not None and change.old_confirmed_at is None else None

    async def compose(self, request: MailRequest, message_id: UUID) -> ComposedMail | None:
        """Make a new token for the present address.

        None if the change is no longer pending, or needs no confirmation by this address. An unverified address does
        not confirm: it may belong to another person.
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
    """Find the pending change to this address; None if a later change replaced it."""
    change = await email_changes.find_change(connection, user_id, now=now)
    return change if change is not None and change.email_key == canonical_email(email) else None
