"""Use cases: request a mail that resets a forgotten password, and set a new password with its token or code."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid4

from doorward.core.events import AuditedEvent
from doorward.core.exceptions import DomainError
from doorward.core.frozen import frozen
from doorward.core.ports import Clock, Database
from doorward.domain.accounts.events import (
    PasswordChanged,
    PasswordResetRefused,
    PasswordResetRequested,
    UserVerified,
)
from doorward.domain.accounts.links import AccountLinks, AccountPage
from doorward.domain.accounts.models import Mailbox
from doorward.domain.accounts.notices import NOTICE_LIFETIME
from doorward.domain.accounts.policy import typed_email_key
from doorward.domain.accounts.ports import IdentityRemoving
from doorward.domain.accounts.repositories import Connection, accounts
from doorward.domain.audit.recording import record
from doorward.domain.auth.devices.known_devices import KnownDevices, facts_of_device, is_known_device
from doorward.domain.auth.exceptions import InvalidOneTimeTokenError
from doorward.domain.auth.passwords.stored_passwords import Passwords, has_password
from doorward.domain.auth.ports import NO_CLIENT, Client, FactorResetting
from doorward.domain.auth.tokens.one_time_token import Purpose
from doorward.domain.auth.tokens.one_time_tokens import ONE_TIME_TOKEN_LIFETIMES, OneTimeTokens, ShownToken
from doorward.domain.auth.users.identifiers import canonical_email
from doorward.domain.outbox.mail import ComposedMail, MailKind, MailOrigin, MailRequest
from doorward.domain.outbox.mail_queue import MailQueue
from doorward.observability.logging import report


class Recovery:
    """Set a new password for the owner of a mailbox, and end all that depends on the old one.

    A scheduled deletion stays scheduled, and the new password can restore the account: a person who stole the old
    password and scheduled the deletion must not lock out the owner until it is carried out.
    """

    def __init__(
        self,
        *,
        database: Database[Connection],
        clock: Clock,
        tokens: OneTimeTokens,
        passwords: Passwords,
        mails: MailQueue,
        devices: KnownDevices,
        factors: FactorResetting,
        identities: IdentityRemoving,
    ) -> None:
        """Take the database, the clock, tokens, passwords, the mail queue, and device tokens.

        ``factors`` and ``identities`` remove what an account whose address was never verified has set up.
        """
        self._database = database
        self._clock = clock
        self._tokens = tokens
        self._passwords = passwords
        self._mails = mails
        self._devices = devices
        self._factors = factors
        self._identities = identities

    async def request_reset(self, email: str, *, device_token: str | None = None) -> None:
        """Queue a reset mail. Every address costs the same single statement: the worker looks up the account.

        ``device_token`` is from an earlier login; if the account knows the device, the mail spends the owner's budget,
        which the worker decides. Any other text in its place is ignored. Raises ``MailNotConfiguredError`` and
        ``InvalidEmailError``.
        """
        self._mails.require()
        canonical_email(email)
        facts = facts_of_device(self._devices.read(device_token))
        request = MailRequest(MailKind.PASSWORD_RESET, MailOrigin.STRANGER, email=email, facts=facts)
        async with self._database.transaction() as connection:
            await self._mails.add(
                connection, request, expires_at=self._clock.now() + ONE_TIME_TOKEN_LIFETIMES[Purpose.PASSWORD_RESET]
            )

    async def reset_by_token(self, token: str, new_password: str, *, client: Client = NO_CLIENT) -> None:
        """Set a new password with the token of a mail. A refused password leaves the token usable.

        Raises ``InvalidOneTimeTokenError`` and the ``Password...Error`` classes.
        """
        try:
            shown = self._tokens.read(token, Purpose.PASSWORD_RESET)
            async with self._database.connection() as connection:
                mailbox = await accounts.find_mailbox_of_token(connection, shown, now=self._clock.now())
            if mailbox is None:
                raise InvalidOneTimeTokenError
            await self._passwords.check_new(new_password, username=mailbox.username, email=mailbox.email_key)
            await self._reset(shown, mailbox, new_password, client)
        except DomainError as refusal:
            report(PasswordResetRefused(reason=refusal.code))
            raise

    async def reset_by_code(self, email: str, code: str, new_password: str, *, client: Client = NO_CLIENT) -> None:
        """Set a new password with the code of a mail and the address that it went to.

        Each wrong code counts as an attempt. An unknown address costs the same statements and gets the same refusal as
        a wrong code. With the correct code a refused password does not count as an attempt, and only then is it looked
        up among the breached passwords. Raises ``InvalidOneTimeTokenError`` and the ``Password...Error`` classes.
        """
        try:
            email_key = typed_email_key(email)
            # Before the account is looked up: otherwise this refusal would reveal who has an account, and count as an
            # attempt.
            self._passwords.check_rules(new_password, username="", email=email_key)
            mailbox = await self._find(email_key)
            async with self._database.connection() as connection:
                shown = await self._tokens.try_code(
                    connection,
                    code,
                    Purpose.PASSWORD_RESET,
                    user_id=uuid4() if mailbox is None else mailbox.user_id,
                    now=self._clock.now(),
                )
            if mailbox is None:
                raise InvalidOneTimeTokenError
            await self._check_new(shown, mailbox, new_password)
            await self._reset(shown, mailbox, new_password, client)
        except DomainError as refusal:
            report(PasswordResetRefused(reason=refusal.code))
            raise

    async def _find(self, email_key: str) -> Mailbox | None:
        async with self._database.connection() as connection:
            return await accounts.find_mailbox_by_email(connection, email_key)

    async def _check_new(self, shown: ShownToken, mailbox: Mailbox, new_password: str) -> None:
        """Refuse an unacceptable new password, and uncount the attempt: the code was correct."""
        try:
            await self._passwords.check_new(new_password, username=mailbox.username, email=mailbox.email_key)
        except DomainError:
            async with self._database.connection() as connection:
                await self._tokens.give_try_back(connection, shown)
            raise

    async def _reset(self, shown: ShownToken, mailbox: Mailbox, new_password: str, client: Client) -> None:
        """Consume the token and change the password in one transaction, after the password was accepted and hashed."""
        password_hash = await self._passwords.hash_new(new_password, client=client, account=mailbox.email_key)
        now, user_id = self._clock.now(), mailbox.user_id
        events: list[AuditedEvent] = [PasswordChanged(user_id=user_id, reason="reset")]
        removals: Sequence[AuditedEvent] = ()
        async with self._database.transaction() as connection:
            locked = await accounts.lock_mailbox(connection, user_id)
            if locked is None or not locked.allows_password_reset(now):
                raise InvalidOneTimeTokenError
            if await self._tokens.consume(connection, shown, now=now) != locked.email_key:
                raise InvalidOneTimeTokenError
            if locked.email_verified_at is None:
                events.append(UserVerified(user_id=user_id))
                removals = await self._remove_of_registrant(connection, user_id, now)
            await accounts.replace_forgotten_password(connection, user_id, password_hash=password_hash, now=now)
            await self._passwords.forget_failures_of_user(connection, user_id)
            for event in events:
                await record(connection, event)
            notice = MailRequest(MailKind.PASSWORD_CHANGED, MailOrigin.SERVICE, user_id=user_id, email=locked.email)
            await self._mails.add(connection, notice, expires_at=now + NOTICE_LIFETIME)
        for event in (*events, *removals):
            report(event)

    async def _remove_of_registrant(
        self, connection: Connection, user_id: UUID, now: datetime
    ) -> Sequence[AuditedEvent]:
        """Remove second factors and linked identities, if no address of the account was ever verified.

        A person who registers another person's address must not lock out the address's owner, nor keep a way to sign
        in. An account with any earlier verified address keeps them, also at an address that an administrator set:
        access to a mailbox does not replace a second factor. An account without a password was not registered: it keeps
        the identity of a trusted issuer from which it came.
        """
        if await accounts.find_earlier_verification(connection, user_id):
            return ()
        reset = await self._factors.reset(connection, user_id, now=now)
        is_registered = await has_password(connection, user_id)
        unlinked = await self._identities.remove(connection, user_id) if is_registered else ()
        return [*([] if reset is None else [reset]), *unlinked]


@frozen
class ResetMail:
    """Compose the mail with link and code, at the time of sending."""

    database: Database[Connection]
    clock: Clock
    tokens: OneTimeTokens
    links: AccountLinks

    async def origin_of(self, request: MailRequest) -> MailOrigin | None:
        """Return OWNER for a known device, else the request's origin; None if there is no account to reset."""
        if request.email is None:
            # The request comes from an administrator.
            return request.origin
        now = self.clock.now()
        async with self.database.connection() as connection:
            found = await accounts.find_mailbox_by_email(connection, canonical_email(request.email))
            if found is None or not found.allows_password_reset(now):
                return None
            is_known = await is_known_device(connection, found.user_id, request.facts)
        return MailOrigin.OWNER if is_known else request.origin

    async def compose(self, request: MailRequest, message_id: UUID) -> ComposedMail | None:
        """Make a new token for the account of the requested address or user; None if no account can be reset.

        The mail goes to the account's address in its stored spelling, never to the address as typed.
        """
        now, found = self.clock.now(), await self._find(request)
        if found is None:
            return None
        event = PasswordResetRequested(user_id=found.user_id)
        async with self.database.transaction() as connection:
            mailbox = await accounts.lock_mailbox(connection, found.user_id)
            if mailbox is None or not mailbox.allows_password_reset(now) or mailbox.email_key != found.email_key:
                return None
            issued = await self.tokens.issue(
                connection,
                Purpose.PASSWORD_RESET,
                user_id=mailbox.user_id,
                email_key=mailbox.email_key,
                message_id=message_id,
                now=now,
            )
            await record(connection, event)
        report(event)
        link = self.links.link(AccountPage.RESET_PASSWORD, issued.text)
        facts = {"link": link, "code": issued.code}
        if request.user_id is not None:
            facts["is_forced"] = "yes"
        return ComposedMail(mailbox.email, request.kind, facts, mailbox.locale)

    async def _find(self, request: MailRequest) -> Mailbox | None:
        """Find the account of the requested address, or the user whose reset an administrator requested."""
        async with self.database.connection() as connection:
            if request.user_id is not None:
                return await accounts.find_mailbox(connection, request.user_id)
            if request.email is not None:
                return await accounts.find_mailbox_by_email(connection, canonical_email(request.email))
        return None
