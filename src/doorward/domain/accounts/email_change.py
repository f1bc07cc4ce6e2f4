"""Use cases: request another e-mail address for one's own account, and cancel the change before it is confirmed."""

from datetime import timedelta
from typing import Final

from doorward.core.ports import Clock, Database
from doorward.domain.accounts.events import EmailChangeCancelled, EmailChangeRequested
from doorward.domain.accounts.models import EmailChangeMode, PendingEmailChange
from doorward.domain.accounts.repositories import Connection, accounts, email_changes
from doorward.domain.audit.recording import record
from doorward.domain.auth.callers import Caller
from doorward.domain.auth.devices.recorded import AddressDetail, recorded_address
from doorward.domain.auth.sessions.acting_session import lock_acting_session
from doorward.domain.auth.tokens.one_time_token import Purpose
from doorward.domain.auth.tokens.one_time_tokens import OneTimeTokens
from doorward.domain.auth.users.exceptions import UserWithoutEmailError
from doorward.domain.auth.users.identifiers import read_new_email
from doorward.domain.auth.users.registration import RegistrationRules, require_domain
from doorward.domain.outbox.mail import MailKind, MailOrigin, MailRequest
from doorward.domain.outbox.mail_queue import MailQueue
from doorward.observability.logging import report
from doorward.observability.request_context import current_client

EMAIL_CHANGE_LIFETIME: Final = timedelta(hours=24)
"""Time limit for all required confirmations."""

CHANGE_PURPOSES: Final = (Purpose.EMAIL_CHANGE_OLD, Purpose.EMAIL_CHANGE_NEW)


class EmailChange:
    """Request and cancel changes of address. The account keeps its address until the change is confirmed."""

    def __init__(
        self,
        *,
        database: Database[Connection],
        clock: Clock,
        tokens: OneTimeTokens,
        mails: MailQueue,
        rules: RegistrationRules,
        mode: EmailChangeMode,
        address_detail: AddressDetail,
    ) -> None:
        """Take the database, the clock, mailed tokens, the mail queue, the sign-up rules and the mode of confirmation.

        ``address_detail`` says how much of an address may be recorded.
        """
        self._database = database
        self._clock = clock
        self._tokens = tokens
        self._mails = mails
        self._rules = rules
        self._mode = mode
        self._address_detail: AddressDetail = address_detail

    async def request(self, caller: Caller, new_email: str) -> None:
        """Store the change, replacing a pending one, and queue its confirmation mails.

        The caller must not learn whether another account has the address: the statements and the answer are the same,
        and the worker sends no mail to such an address. Revokes the tokens of the replaced change. Raises
        ``MailNotConfiguredError``, ``InvalidEmailError``, ``RegistrationDomainRefusedError``,
        ``UserWithoutEmailError``, and ``InvalidAccessTokenError`` if the caller's session has ended meanwhile.
        """
        self._mails.require()
        if caller.user.email is None:
            raise UserWithoutEmailError
        address = read_new_email(new_email, allows_special_domains=self._rules.allows_special_domains)
        require_domain(address, self._rules)
        now, user_id = self._clock.now(), caller.user.id
        expires_at = now + EMAIL_CHANGE_LIFETIME
        change = PendingEmailChange(user_id, address.shown, address.key, created_at=now, expires_at=expires_at)
        event = EmailChangeRequested(user_id=user_id, session_id=caller.session_id)
        async with self._database.transaction() as connection:
            await lock_acting_session(connection, caller, now=now)
            await email_changes.add_change(connection, change)
            await self._tokens.remove(connection, user_id, CHANGE_PURPOSES)
            await record(connection, event, address=recorded_address(current_client(), self._address_detail))
            for mail in self._mails_of(change):
                await self._mails.add(connection, mail, expires_at=expires_at)
        report(event)

    async def cancel(self, caller: Caller) -> None:
        """Cancel a change that is not confirmed yet. Does nothing if there is none.

        Raises ``InvalidAccessTokenError`` if the caller's session has ended meanwhile.
        """
        user_id = caller.user.id
        event = EmailChangeCancelled(user_id=user_id, session_id=caller.session_id)
        async with self._database.transaction() as connection:
            await lock_acting_session(connection, caller, now=self._clock.now())
            was_pending = await accounts.remove_email_change(connection, user_id)
            if was_pending:
                await self._tokens.remove(connection, user_id, CHANGE_PURPOSES)
                await record(connection, event, address=recorded_address(current_client(), self._address_detail))
        if was_pending:
            report(event)

    def _mails_of(self, change: PendingEmailChange) -> list[MailRequest]:
        to_new = MailRequest(MailKind.EMAIL_CHANGE_NEW, MailOrigin.CLAIMANT, user_id=change.user_id, email=change.email)
        return [to_new] if self._mode is EmailChangeMode.NEW else [to_new, mail_to_old_mailbox(change)]


def mail_to_old_mailbox(change: PendingEmailChange) -> MailRequest:
    """Return the request for the confirmation mail to the account's present address."""
    facts = {"new_email": change.email}
    return MailRequest(MailKind.EMAIL_CHANGE_OLD, MailOrigin.OWNER, user_id=change.user_id, facts=facts)
