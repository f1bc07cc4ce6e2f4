"""Use cases of confirmed mode: request an account, and request its mail again.

These calls do not reveal whether an address has an account: its row, statements and answer are the same as for any
other address. The worker decides which mail the address gets; ``confirmation.py`` creates the account.
"""

from datetime import timedelta
from typing import Final
from uuid import UUID, uuid4

from doorward.core.exceptions import DomainError
from doorward.core.ports import Clock, Database
from doorward.domain.accounts.events import RegistrationRequested
from doorward.domain.accounts.repositories import Connection, pending_registrations
from doorward.domain.accounts.repositories.pending_registrations import NewRegistration
from doorward.domain.auth.events import RegistrationRefused
from doorward.domain.auth.exceptions import InvalidOneTimeTokenError, UsernameTakenError
from doorward.domain.auth.ports import NO_CLIENT, Client, PasswordHasher
from doorward.domain.auth.tokens.one_time_token import OneTimeToken, OneTimeTokenCodec, Purpose, new_secret
from doorward.domain.auth.tokens.refresh_token import hash_secret
from doorward.domain.auth.users.registration import RegistrationRules, read_newcomer
from doorward.domain.outbox.mail import MailKind, MailOrigin, MailRequest
from doorward.domain.outbox.mail_queue import MailQueue
from doorward.observability.logging import report

REGISTRATION_LIFETIME: Final = timedelta(hours=24)
"""Counted from its latest mail."""

LONGEST_REGISTRATION: Final = timedelta(days=7)
"""Counted from the registration, regardless of further mails."""

REGISTRATION_ID: Final = "registration_id"
"""The fact of a mail request that holds the registration's id."""


class RegistrationRequests:
    """Store registrations that a mail completes."""

    def __init__(
        self,
        *,
        database: Database[Connection],
        hasher: PasswordHasher,
        clock: Clock,
        codec: OneTimeTokenCodec,
        rules: RegistrationRules,
        mails: MailQueue,
        is_required: bool,
    ) -> None:
        """Take the sign-up rules and the mail queue. ``is_required`` says whether accounts can begin only this way."""
        self._database = database
        self._hasher = hasher
        self._clock = clock
        self._codec = codec
        self._rules = rules
        self._mails = mails
        self.is_required = is_required

    async def request(self, *, email: str, username: str, password: str, client: Client = NO_CLIENT) -> str:
        """Store the registration and queue its mail; return the token that identifies its requester.

        User names are public: a taken name is refused, regardless of the address. A registration with the same address
        and name replaces the earlier one. ``client`` determines the priority of the password hashing. Raises
        ``MailNotConfiguredError``, what ``read_newcomer`` raises, and ``UsernameTakenError``.
        """
        try:
            return await self._request(email, username, password, client)
        except DomainError as refusal:
            report(RegistrationRefused(reason=refusal.code))
            raise

    async def _request(self, email: str, username: str, password: str, client: Client) -> str:
        self._mails.require()
        newcomer = await read_newcomer(email, username, password, self._rules)
        address, name = newcomer.address, newcomer.username
        password_hash = await self._hasher.hash(password, client=client, account=address.key)
        token, now = OneTimeToken(Purpose.REQUEST_REGISTRATION, uuid4(), new_secret()), self._clock.now()
        new = NewRegistration(
            id=token.subject_id,
            email=address.shown,
            email_key=address.key,
            username=name,
            username_key=name.lower(),
            password_hash=password_hash,
            requester_secret_hash=hash_secret(token.secret),
            created_at=now,
            expires_at=now + REGISTRATION_LIFETIME,
        )
        async with self._database.transaction() as connection:
            is_stored = await pending_registrations.add_registration(connection, new)
            if is_stored:
                await self._ask_for_mail(connection, new.id, new.email)
        if not is_stored:
            raise UsernameTakenError
        report(RegistrationRequested())
        return self._codec.encode(token)

    async def resend(self, registration_token: str) -> None:
        """Queue the mail again. It invalidates the previous link; no mail is sent beyond the address's budget.

        The mail extends the registration by a day, up to a total of a week.

        Raises ``MailNotConfiguredError`` and ``InvalidOneTimeTokenError``.
        """
        self._mails.require()
        shown = self._codec.decode(registration_token, Purpose.REQUEST_REGISTRATION)
        digest, now = hash_secret(shown.secret), self._clock.now()
        async with self._database.transaction() as connection:
            email = await pending_registrations.find_by_requester(
                connection, shown.subject_id, requester_secret_hash=digest, now=now
            )
            if email is not None:
                await self._ask_for_mail(connection, shown.subject_id, email)
        if email is None:
            raise InvalidOneTimeTokenError

    async def _ask_for_mail(self, connection: Connection, registration_id: UUID, email: str) -> None:
        facts = {REGISTRATION_ID: str(registration_id)}
        request = MailRequest(MailKind.CONFIRM_REGISTRATION, MailOrigin.STRANGER, email=email, facts=facts)
        await self._mails.add(connection, request, expires_at=self._clock.now() + REGISTRATION_LIFETIME)
