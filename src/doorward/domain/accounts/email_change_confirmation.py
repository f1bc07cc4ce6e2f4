"""Use case: confirm a change of the e-mail address, one mailbox at a time."""

from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

from doorward.core.events import AuditedEvent
from doorward.core.exceptions import DomainError
from doorward.core.frozen import frozen
from doorward.core.ports import Clock, Database
from doorward.domain.accounts.email_change import CHANGE_PURPOSES, mail_to_old_mailbox
from doorward.domain.accounts.events import EmailChangeConfirmed, EmailChanged, EmailChangeRefused, UserVerified
from doorward.domain.accounts.models import (
    ChangedMailbox,
    EmailChangeMode,
    Mailbox,
    PendingConfirmation,
    PendingEmailChange,
)
from doorward.domain.accounts.notices import NOTICE_LIFETIME
from doorward.domain.accounts.policy import next_mailbox_to_confirm
from doorward.domain.accounts.repositories import Connection, email_changes
from doorward.domain.audit.recording import record
from doorward.domain.auth.callers import Caller
from doorward.domain.auth.devices.recorded import AddressDetail, recorded_address
from doorward.domain.auth.exceptions import InvalidCredentialsError, InvalidOneTimeTokenError
from doorward.domain.auth.models import Device, LockedAccount
from doorward.domain.auth.passwords.stored_passwords import Passwords
from doorward.domain.auth.ports import NO_CLIENT, Client
from doorward.domain.auth.sessions.acting_session import lock_acting_session
from doorward.domain.auth.sessions.continuation import (
    ContinuedSession,
    SessionContinuation,
    SessionCredentials,
    proof_of,
)
from doorward.domain.auth.tokens.one_time_token import Purpose
from doorward.domain.auth.tokens.one_time_tokens import OneTimeTokens, ShownToken
from doorward.domain.outbox.mail import MailKind, MailOrigin, MailRequest
from doorward.domain.outbox.mail_queue import MailQueue
from doorward.observability.logging import report
from doorward.observability.request_context import current_client

MAILBOX_OF_PURPOSE: Final = {
    Purpose.EMAIL_CHANGE_OLD: ChangedMailbox.OLD,
    Purpose.EMAIL_CHANGE_NEW: ChangedMailbox.NEW,
}


@frozen
class _CompletedChange:
    """The result of a completed change: the account in the epoch of its next sessions, and the recorded events."""

    account: LockedAccount
    events: tuple[AuditedEvent, ...]


class EmailChangeConfirmation:
    """Confirm changes of address.

    A mailed token proves access to a mailbox; a session or the password is required, too.
    """

    def __init__(
        self,
        *,
        database: Database[Connection],
        clock: Clock,
        tokens: OneTimeTokens,
        passwords: Passwords,
        continuation: SessionContinuation,
        mails: MailQueue,
        mode: EmailChangeMode,
        address_detail: AddressDetail,
    ) -> None:
        """Take the database, the clock, tokens, the password check, session continuation, and the mail queue.

        ``mode`` says which mailboxes must confirm, ``address_detail`` how much of an address may be recorded.
        """
        self._database = database
        self._clock = clock
        self._tokens = tokens
        self._passwords = passwords
        self._continuation = continuation
        self._mails = mails
        self._mode = mode
        self._address_detail: AddressDetail = address_detail

    async def confirm_by_session(
        self,
        caller: Caller,
        *,
        token: str | None = None,
        code: str | None = None,
        client: Client = NO_CLIENT,
        user_agent: str | None = None,
    ) -> PendingConfirmation | SessionCredentials:
        """Confirm with the token of a link or with a code, of either mailbox; exactly one of them is given.

        Returns the mailbox that has to confirm next. After the last one the account has its new address, verified; all
        sessions, known devices and mailed tokens of the user end, and a new session of the caller is returned. A code
        counts as an attempt for both mailboxes. Raises ``InvalidOneTimeTokenError``, also if another account has taken
        the address meanwhile, ``InvalidAccessTokenError`` if the caller's session has ended meanwhile, and
        ``ServiceUnavailableError`` while the tokens of the new session cannot be signed, before the code is checked.
        """
        now, device = self._clock.now(), self._continuation.describe(client, user_agent)
        self._continuation.require_signing_key(caller, now)
        try:
            if token is None:
                shown = await self._try_code(caller.user.id, code or "", now)
            else:
                shown = self._tokens.read_one_of(token, CHANGE_PURPOSES)
            if shown.user_id != caller.user.id:
                raise InvalidOneTimeTokenError
            async with self._database.transaction() as connection:
                step = await self._confirm(connection, shown, caller, now)
                outcome = (
                    await self._continue(connection, caller, device, step.account, now)
                    if isinstance(step, _CompletedChange)
                    else step
                )
        except DomainError as refusal:
            report(EmailChangeRefused(reason=refusal.code))
            raise
        _report(shown, step)
        return outcome if isinstance(outcome, PendingConfirmation) else self._continuation.finish(outcome, now=now)

    async def confirm_by_password(
        self, token: str, password: str, *, client: Client = NO_CLIENT
    ) -> PendingConfirmation | None:
        """Confirm with the token of a link and the password of its account. No session begins.

        Returns the mailbox that has to confirm next, or None when the account has its new address. Raises
        ``InvalidOneTimeTokenError``, ``InvalidCredentialsError`` and ``LoginThrottledError``.
        """
        try:
            shown = self._tokens.read_one_of(token, CHANGE_PURPOSES)
            if not await self._passwords.is_password_of(shown.user_id, password, client=client):
                raise InvalidCredentialsError
            return await self._confirm_without_session(shown, self._clock.now())
        except DomainError as refusal:
            report(EmailChangeRefused(reason=refusal.code))
            raise

    async def confirm_by_name_and_code(
        self, name: str, password: str, code: str, *, client: Client = NO_CLIENT
    ) -> PendingConfirmation | None:
        """Confirm with the code of a mail, the account's name or address, and its password. No session begins.

        Returns and raises as ``confirm_by_password``.
        """
        try:
            user_id = await self._passwords.find_user(name, password, client=client)
            if user_id is None:
                raise InvalidCredentialsError
            now = self._clock.now()
            return await self._confirm_without_session(await self._try_code(user_id, code, now), now)
        except DomainError as refusal:
            report(EmailChangeRefused(reason=refusal.code))
            raise

    async def _try_code(self, user_id: UUID, code: str, now: datetime) -> ShownToken:
        async with self._database.connection() as connection:
            return await self._tokens.try_code_of_each(connection, code, CHANGE_PURPOSES, user_id=user_id, now=now)

    async def _confirm_without_session(self, shown: ShownToken, now: datetime) -> PendingConfirmation | None:
        async with self._database.transaction() as connection:
            step = await self._confirm(connection, shown, None, now)
        _report(shown, step)
        return None if isinstance(step, _CompletedChange) else step

    async def _confirm(
        self, connection: Connection, shown: ShownToken, caller: Caller | None, now: datetime
    ) -> PendingConfirmation | _CompletedChange:
        """Consume the token and apply it. The user gets the lock that changing the address needs."""
        mailbox = await email_changes.lock_mailbox(connection, shown.user_id)
        if caller is not None:
            await lock_acting_session(connection, caller, now=now)
        change = await email_changes.find_change(connection, shown.user_id, now=now)
        if mailbox is None or not mailbox.is_active or change is None:
            raise InvalidOneTimeTokenError
        confirmed = MAILBOX_OF_PURPOSE[shown.purpose]
        bound_to = mailbox.email_key if confirmed is ChangedMailbox.OLD else change.email_key
        if await self._tokens.consume(connection, shown, now=now) != bound_to:
            raise InvalidOneTimeTokenError
        change = change.confirmed_by(confirmed, now)
        missing = next_mailbox_to_confirm(change, self._mode, is_verified=mailbox.email_verified_at is not None)
        if missing is None:
            return await self._complete(connection, mailbox, change, caller, now)
        await self._wait(connection, change, mailbox, missing)
        return PendingConfirmation(missing)

    async def _wait(
        self, connection: Connection, change: PendingEmailChange, mailbox: Mailbox, missing: ChangedMailbox
    ) -> None:
        await email_changes.update_confirmations(connection, change)
        verified_at = mailbox.email_verified_at
        if missing is ChangedMailbox.OLD and verified_at is not None and verified_at > change.created_at:
            # Its first mail was not sent, because the address was not verified at that time.
            await self._mails.add(connection, mail_to_old_mailbox(change), expires_at=change.expires_at)

    async def _complete(
        self, connection: Connection, mailbox: Mailbox, change: PendingEmailChange, caller: Caller | None, now: datetime
    ) -> _CompletedChange:
        """Set the new address of the account, and end all that depends on the old one."""
        user_id = change.user_id
        account = await email_changes.replace_email(connection, change, now=now)
        if account is None:
            raise InvalidOneTimeTokenError
        changed = EmailChanged(user_id=user_id, session_id=None if caller is None else caller.session_id)
        events = (changed,) if mailbox.email_verified_at is not None else (changed, UserVerified(user_id=user_id))
        address = recorded_address(current_client(), self._address_detail)
        for event in events:
            await record(connection, event, address=address)
        await self._notify(connection, mailbox, now)
        return _CompletedChange(account, events)

    async def _notify(self, connection: Connection, mailbox: Mailbox, now: datetime) -> None:
        """Notify both mailboxes; the old one only if it was verified."""
        user_id, expires_at = mailbox.user_id, now + NOTICE_LIFETIME
        notice = MailRequest(MailKind.EMAIL_CHANGED, MailOrigin.SERVICE, user_id=user_id)
        await self._mails.add(connection, notice, expires_at=expires_at)
        if mailbox.email_verified_at is not None:
            await self._mails.add(connection, replace(notice, email=mailbox.email), expires_at=expires_at)

    async def _continue(
        self, connection: Connection, caller: Caller, device: Device, account: LockedAccount, now: datetime
    ) -> ContinuedSession:
        """Begin the caller's next session.

        It keeps the time of the last proof: a mail does not prove who the person is.
        """
        proof = proof_of(caller, epoch=account.session_epoch)
        return await self._continuation.begin(connection, caller, account, proof, device, now=now)


def _report(shown: ShownToken, step: PendingConfirmation | _CompletedChange) -> None:
    report(EmailChangeConfirmed(target_user_id=shown.user_id, mailbox=MAILBOX_OF_PURPOSE[shown.purpose]))
    for event in step.events if isinstance(step, _CompletedChange) else ():
        report(event)
