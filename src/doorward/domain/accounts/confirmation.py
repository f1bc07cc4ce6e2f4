"""Use case of confirmed mode: create the account with the token or code of the mail.

The mail proves access to a mailbox, which is not enough: the password chosen at registration, or the token that the
registration returned, is required as well. All refusals are the same, so that none reveals which names are taken.
"""

from uuid import UUID, uuid4

from doorward.core.exceptions import DomainError
from doorward.core.frozen import frozen
from doorward.core.ports import Clock, Database
from doorward.domain.accounts.events import ConfirmationRefused
from doorward.domain.accounts.links import AccountLinks, AccountPage
from doorward.domain.accounts.mailed_secret import ShownSecret, new_mailed_secret, shown_code, shown_token
from doorward.domain.accounts.new_account import add_verified_account
from doorward.domain.accounts.registration_requests import LONGEST_REGISTRATION, REGISTRATION_ID, REGISTRATION_LIFETIME
from doorward.domain.accounts.repositories import Connection, accounts, pending_registrations
from doorward.domain.accounts.repositories.pending_registrations import PendingRegistration
from doorward.domain.auth.devices.recorded import AddressDetail, recorded_address
from doorward.domain.auth.exceptions import (
    EmailTakenError,
    InvalidEmailError,
    InvalidOneTimeTokenError,
    InvalidUsernameError,
    UsernameTakenError,
)
from doorward.domain.auth.login.throttling import STRANGERS, Throttling
from doorward.domain.auth.models import User
from doorward.domain.auth.passwords.policy import MAXIMUM_TYPED_LENGTH, is_unicode_text
from doorward.domain.auth.ports import NO_CLIENT, Client, PasswordHasher
from doorward.domain.auth.tokens.one_time_token import OneTimeTokenCodec, Purpose
from doorward.domain.auth.tokens.refresh_token import hash_secret
from doorward.domain.auth.users.identifiers import canonical_email, canonical_username
from doorward.domain.outbox.mail import ComposedMail, MailKind, MailOrigin, MailRequest
from doorward.observability.logging import report


class Confirmation:
    """Turn pending registrations into accounts."""

    def __init__(
        self,
        *,
        database: Database[Connection],
        hasher: PasswordHasher,
        clock: Clock,
        codec: OneTimeTokenCodec,
        throttling: Throttling,
        address_detail: AddressDetail,
    ) -> None:
        """Take the services, and how much of a client's address may be recorded."""
        self._database = database
        self._hasher = hasher
        self._clock = clock
        self._codec = codec
        self._throttling = throttling
        self._address_detail: AddressDetail = address_detail

    async def confirm_by_token(self, token: str, password: str, *, client: Client = NO_CLIENT) -> User:
        """Create the account with the token of the mail and the password that was chosen at registration.

        Raises ``InvalidOneTimeTokenError``, and ``LoginThrottledError`` after many wrong passwords.
        """
        try:
            shown = shown_token(self._codec, Purpose.CONFIRM_REGISTRATION, token)
            async with self._database.connection() as connection:
                pending = await pending_registrations.find_by_token(connection, shown, now=self._clock.now())
            if pending is None:
                raise InvalidOneTimeTokenError
            await self._require_password(pending, password, client, counted_as=f"registration {pending.id}")
            return await self._complete(shown, client)
        except DomainError as refusal:
            report(ConfirmationRefused(reason=refusal.code))
            raise

    async def confirm_by_code(self, registration_token: str, code: str, *, client: Client = NO_CLIENT) -> User:
        """Create the account with the code of the mail and the token that the registration returned.

        Each wrong code counts as an attempt, also for an address that has an account. Raises
        ``InvalidOneTimeTokenError``.
        """
        try:
            shown = self._codec.decode(registration_token, Purpose.REQUEST_REGISTRATION)
            async with self._database.connection() as connection:
                email = await pending_registrations.find_by_requester(
                    connection,
                    shown.subject_id,
                    requester_secret_hash=hash_secret(shown.secret),
                    now=self._clock.now(),
                )
            if email is None:
                raise InvalidOneTimeTokenError
            return await self._complete(await self._try_code(shown.subject_id, code), client)
        except DomainError as refusal:
            report(ConfirmationRefused(reason=refusal.code))
            raise

    async def confirm_by_names_and_code(
        self, *, email: str, username: str, password: str, code: str, client: Client = NO_CLIENT
    ) -> User:
        """Create the account with the code of the mail and all that was entered at registration.

        For a page without JavaScript, which has neither token. Names without a registration cost the same work, count
        the same attempts and get the same refusals. Raises as ``confirm_by_token``.
        """
        try:
            names = _read_names(email, username)
            pending = None if names is None else await self._find_by_names(*names)
            counted_as = f"registration {' '.join(names or (email, username))}"
            await self._require_password(pending, password, client, counted_as=counted_as)
            registration_id = uuid4() if pending is None else pending.id
            return await self._complete(await self._try_code(registration_id, code), client)
        except DomainError as refusal:
            report(ConfirmationRefused(reason=refusal.code))
            raise

    async def _find_by_names(self, email_key: str, username_key: str) -> PendingRegistration | None:
        async with self._database.connection() as connection:
            return await pending_registrations.find_by_names(
                connection, email_key=email_key, username_key=username_key, now=self._clock.now()
            )

    async def _require_password(
        self, pending: PendingRegistration | None, password: str, client: Client, *, counted_as: str
    ) -> None:
        """Refuse a wrong password. Wrong passwords are throttled as failed logins are."""
        is_checkable = len(password) <= MAXIMUM_TYPED_LENGTH and is_unicode_text(password)
        stored_hash = pending.password_hash if pending is not None and is_checkable else None
        async with self._throttling.attempt(counted_as, STRANGERS) as attempt:
            check = await self._hasher.check(
                password if is_checkable else "", stored_hash, client=client, account=counted_as
            )
        if not check.is_correct:
            raise InvalidOneTimeTokenError
        async with self._database.connection() as connection:
            await self._throttling.forget(connection, attempt)

    async def _try_code(self, registration_id: UUID, code: str) -> ShownSecret:
        async with self._database.connection() as connection:
            stored = await pending_registrations.claim_code_attempt(connection, registration_id, now=self._clock.now())
        return shown_code(self._codec, Purpose.CONFIRM_REGISTRATION, registration_id, code, stored=stored)

    async def _complete(self, shown: ShownSecret, client: Client) -> User:
        """Remove the registration and store its account in one transaction.

        If the name or the address was taken since the registration, the confirmation is refused and the registration
        stays until it expires.
        """
        now, address = self._clock.now(), recorded_address(client.address, self._address_detail)
        try:
            async with self._database.transaction() as connection:
                pending = await pending_registrations.consume_registration(connection, shown, now=now)
                if pending is None:
                    raise InvalidOneTimeTokenError
                user = User(uuid4(), pending.email, pending.username, is_active=True)
                events = await add_verified_account(
                    connection,
                    user,
                    email_key=pending.email_key,
                    password_hash=pending.password_hash,
                    now=now,
                    address=address,
                )
        except (EmailTakenError, UsernameTakenError) as error:
            raise InvalidOneTimeTokenError from error
        for event in events:
            report(event)
        return user


def _read_names(email: str, username: str) -> tuple[str, str] | None:
    """Return the canonical forms of an address and a user name; None if either is invalid."""
    try:
        return canonical_email(email), canonical_username(username)
    except (InvalidEmailError, InvalidUsernameError):
        return None


@frozen
class ConfirmationMail:
    """Compose the mail that completes a registration, or the notice that the address already has an account."""

    database: Database[Connection]
    clock: Clock
    codec: OneTimeTokenCodec
    links: AccountLinks

    async def origin_of(self, request: MailRequest) -> MailOrigin:
        """Return the request's origin. ``compose`` decides whether a mail is still due."""
        return request.origin

    async def compose(self, request: MailRequest, message_id: UUID) -> ComposedMail | None:  # noqa: ARG002 - the protocol has it
        """Make a new token and return the mail for the owner of the address; None if the registration no longer exists.

        A registration for an address that has an account gets a token, too, which is never sent: attempts of its code
        then cost the same as for any other registration.
        """
        registration_id, now = UUID(request.facts[REGISTRATION_ID]), self.clock.now()
        mailed = new_mailed_secret(
            self.codec,
            Purpose.CONFIRM_REGISTRATION,
            registration_id,
            now=now,
            expires_at=now + REGISTRATION_LIFETIME,
        )
        async with self.database.transaction() as connection:
            email_key = await pending_registrations.lock_registration(connection, registration_id, now=now)
            if email_key is None:
                return None
            holder = await accounts.find_mailbox_by_email(connection, email_key)
            email = await pending_registrations.replace_mailed_secret(
                connection, registration_id, mailed.stored, longest=LONGEST_REGISTRATION
            )
        if holder is not None:
            facts = {} if holder.email_verified_at is None else {"username": holder.username}
            return ComposedMail(holder.email, MailKind.ACCOUNT_EXISTS, facts, holder.locale)
        link = self.links.link(AccountPage.CONFIRM_REGISTRATION, mailed.text)
        return ComposedMail(email or "", MailKind.CONFIRM_REGISTRATION, {"link": link, "code": mailed.code})
