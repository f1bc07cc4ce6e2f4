"""Use cases: verify the e-mail address of an account, and send its verification mail again."""

from uuid import UUID

from doorward.core.exceptions import DomainError
from doorward.core.frozen import frozen
from doorward.core.ports import Clock, Database
from doorward.domain.accounts.events import UserVerified, VerificationRefused
from doorward.domain.accounts.links import AccountLinks, AccountPage
from doorward.domain.accounts.repositories import Connection, accounts
from doorward.domain.audit.recording import record
from doorward.domain.auth.callers import Caller
from doorward.domain.auth.exceptions import InvalidCredentialsError, InvalidOneTimeTokenError
from doorward.domain.auth.passwords.stored_passwords import Passwords
from doorward.domain.auth.ports import NO_CLIENT, Client
from doorward.domain.auth.sessions.acting_session import lock_acting_session
from doorward.domain.auth.tokens.one_time_token import Purpose
from doorward.domain.auth.tokens.one_time_tokens import ONE_TIME_TOKEN_LIFETIMES, OneTimeTokens, ShownToken
from doorward.domain.auth.users.exceptions import UserWithoutEmailError
from doorward.domain.outbox.mail import ComposedMail, MailKind, MailOrigin, MailRequest
from doorward.domain.outbox.mail_queue import MailQueue
from doorward.observability.logging import report


class Verification:
    """Verify addresses. A mailed token proves access to a mailbox; a session or the password is required, too."""

    def __init__(
        self,
        *,
        database: Database[Connection],
        clock: Clock,
        tokens: OneTimeTokens,
        passwords: Passwords,
        mails: MailQueue,
    ) -> None:
        """Take the database, the clock, the tokens, the password check, and the mail queue."""
        self._database = database
        self._clock = clock
        self._tokens = tokens
        self._passwords = passwords
        self._mails = mails

    async def send_again(self, caller: Caller) -> None:
        """Queue a new verification mail. For a verified address the worker sends none.

        The mail counts against the claimant's budget: an unverified address may belong to another person. Of concurrent
        requests each replaces the one before it. Raises ``MailNotConfiguredError``, ``UserWithoutEmailError``, and
        ``InvalidAccessTokenError`` if the caller's session has ended meanwhile.
        """
        self._mails.require()
        if caller.user.email is None:
            raise UserWithoutEmailError
        request = MailRequest(MailKind.VERIFY_EMAIL, MailOrigin.CLAIMANT, user_id=caller.user.id)
        now = self._clock.now()
        async with self._database.transaction() as connection:
            await lock_acting_session(connection, caller, now=now)
            await self._mails.add(connection, request, expires_at=now + ONE_TIME_TOKEN_LIFETIMES[Purpose.VERIFY_EMAIL])

    async def verify_by_session(self, caller: Caller, *, token: str | None = None, code: str | None = None) -> None:
        """Verify the address of the caller's account. Can be repeated with the genuine token of that account.

        Exactly one of ``token`` and ``code`` is given. Raises ``InvalidOneTimeTokenError``, and
        ``InvalidAccessTokenError`` if the caller's session has ended meanwhile.
        """
        user_id = caller.user.id
        try:
            if token is not None:
                shown = self._tokens.read(token, Purpose.VERIFY_EMAIL)
                if shown.user_id != user_id:
                    raise InvalidOneTimeTokenError
                await self._verify(shown, caller, is_repeatable=True)
                return
            async with self._database.connection() as connection:
                shown = await self._tokens.try_code(
                    connection, code or "", Purpose.VERIFY_EMAIL, user_id=user_id, now=self._clock.now()
                )
            await self._verify(shown, caller, is_repeatable=False)
        except DomainError as refusal:
            report(VerificationRefused(reason=refusal.code))
            raise

    async def verify_by_password(self, token: str, password: str, *, client: Client = NO_CLIENT) -> None:
        """Verify the address of the account of a token, if the password is correct.

        Raises ``InvalidOneTimeTokenError``, ``InvalidCredentialsError`` and ``LoginThrottledError``.
        """
        try:
            shown = self._tokens.read(token, Purpose.VERIFY_EMAIL)
            if not await self._passwords.is_password_of(shown.user_id, password, client=client):
                raise InvalidCredentialsError
            await self._verify(shown, None, is_repeatable=False)
        except DomainError as refusal:
            report(VerificationRefused(reason=refusal.code))
            raise

    async def verify_by_name_and_code(self, name: str, password: str, code: str, *, client: Client = NO_CLIENT) -> None:
        """Verify the address of the account of this name or address, with its password and the mailed code.

        Raises ``InvalidOneTimeTokenError``, ``InvalidCredentialsError`` and ``LoginThrottledError``.
        """
        try:
            user_id = await self._passwords.find_user(name, password, client=client)
            if user_id is None:
                raise InvalidCredentialsError
            async with self._database.connection() as connection:
                shown = await self._tokens.try_code(
                    connection, code, Purpose.VERIFY_EMAIL, user_id=user_id, now=self._clock.now()
                )
            await self._verify(shown, None, is_repeatable=False)
        except DomainError as refusal:
            report(VerificationRefused(reason=refusal.code))
            raise

    async def _verify(self, shown: ShownToken, caller: Caller | None, *, is_repeatable: bool) -> None:
        now, event = self._clock.now(), UserVerified(user_id=shown.user_id)
        async with self._database.transaction() as connection:
            mailbox = await accounts.lock_mailbox(connection, shown.user_id)
            if caller is not None:
                await lock_acting_session(connection, caller, now=now)
            if mailbox is None or not mailbox.is_active:
                raise InvalidOneTimeTokenError
            if mailbox.email_verified_at is not None and is_repeatable:
                return
            if await self._tokens.consume(connection, shown, now=now) != mailbox.email_key:
                raise InvalidOneTimeTokenError
            await accounts.update_email_verified(connection, shown.user_id, now=now)
            await record(connection, event)
        report(event)


@frozen
class VerificationMail:
    """Compose the mail with link and code, at the time of sending."""

    database: Database[Connection]
    clock: Clock
    tokens: OneTimeTokens
    links: AccountLinks

    async def origin_of(self, request: MailRequest) -> MailOrigin | None:
        """Return the request's origin; None for an account that needs no verification."""
        if request.user_id is None:
            return None
        async with self.database.connection() as connection:
            mailbox = await accounts.find_mailbox(connection, request.user_id)
        is_wanted = mailbox is not None and mailbox.is_active and mailbox.email_verified_at is None
        return request.origin if is_wanted else None

    async def compose(self, request: MailRequest, message_id: UUID) -> ComposedMail | None:
        """Make a new token for the account's present address. None for an account that needs no verification."""
        if request.user_id is None:
            return None
        now = self.clock.now()
        async with self.database.transaction() as connection:
            mailbox = await accounts.lock_mailbox(connection, request.user_id)
            if mailbox is None or not mailbox.is_active or mailbox.email_verified_at is not None:
                return None
            issued = await self.tokens.issue(
                connection,
                Purpose.VERIFY_EMAIL,
                user_id=mailbox.user_id,
                email_key=mailbox.email_key,
                message_id=message_id,
                now=now,
            )
        link = self.links.link(AccountPage.VERIFY_EMAIL, issued.text)
        return ComposedMail(mailbox.email, request.kind, {"link": link, "code": issued.code}, mailbox.locale)
