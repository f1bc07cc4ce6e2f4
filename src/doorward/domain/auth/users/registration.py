"""Use case: sign up."""

from collections.abc import Collection
from typing import Literal
from uuid import uuid4

from doorward.core.exceptions import DomainError
from doorward.core.frozen import frozen
from doorward.core.ports import Clock, Database
from doorward.domain.audit.recording import record
from doorward.domain.auth.devices.recorded import AddressDetail, recorded_address
from doorward.domain.auth.events import RegistrationRefused, UserRegistered
from doorward.domain.auth.exceptions import (
    EmailTakenError,
    InvitationRequiredError,
    RegistrationClosedError,
    RegistrationDomainRefusedError,
    UsernameTakenError,
)
from doorward.domain.auth.models import User
from doorward.domain.auth.passwords.new_passwords import NewPasswords
from doorward.domain.auth.ports import NO_CLIENT, Client, PasswordHasher
from doorward.domain.auth.repositories import Connection, users
from doorward.domain.auth.tokens.one_time_token import Purpose
from doorward.domain.auth.tokens.one_time_tokens import ONE_TIME_TOKEN_LIFETIMES
from doorward.domain.auth.users.identifiers import EmailAddress, read_new_email, read_new_username
from doorward.domain.outbox.mail import MailKind, MailOrigin, MailRequest
from doorward.domain.outbox.mail_queue import MailQueue
from doorward.observability.logging import report

RegistrationMode = Literal["open", "invite", "closed"]
"""Who may create an account: everyone, invited people, or only the operator."""


@frozen
class RegistrationRules:
    """The rules of sign-up that settings change.

    ``reserved_usernames`` have the form that ``identifiers.without_separators`` returns; ``domains`` have the form of
    the key of an address, and are empty if all domains are allowed.
    """

    new_passwords: NewPasswords
    reserved_usernames: Collection[str]
    allows_special_domains: bool
    mode: RegistrationMode
    domains: Collection[str]


@frozen
class Newcomer:
    """The address and the user name of a new account. Both satisfy the rules, and so does its password."""

    address: EmailAddress
    username: str


async def read_newcomer(email: str, username: str, password: str, rules: RegistrationRules) -> Newcomer:
    """Return the address and the name of a registration if all rules allow them. Does not check whether they are taken.

    Raises ``RegistrationClosedError``, ``InvitationRequiredError``, ``InvalidEmailError``,
    ``RegistrationDomainRefusedError``, ``InvalidUsernameError``, ``UsernameReservedError`` and the
    ``Password...Error`` classes.
    """
    if rules.mode == "closed":
        raise RegistrationClosedError
    if rules.mode == "invite":
        raise InvitationRequiredError
    address = read_new_email(email, allows_special_domains=rules.allows_special_domains)
    require_domain(address, rules)
    name = read_new_username(username, reserved=rules.reserved_usernames)
    await rules.new_passwords.check(password, username=name, email=address.key)
    return Newcomer(address, name)


def require_domain(address: EmailAddress, rules: RegistrationRules) -> None:
    """Refuse a chosen address whose domain is not allowed. Raises ``RegistrationDomainRefusedError``.

    Domains are compared as a whole: subdomains of an allowed domain are not allowed.
    """
    if rules.domains and address.key.rpartition("@")[2] not in rules.domains:
        raise RegistrationDomainRefusedError


class Registration:
    """Creates accounts."""

    def __init__(
        self,
        *,
        database: Database[Connection],
        hasher: PasswordHasher,
        clock: Clock,
        rules: RegistrationRules,
        address_detail: AddressDetail,
        mails: MailQueue,
    ) -> None:
        self._database = database
        self._hasher = hasher
        self._clock = clock
        self._mails = mails
        self._rules = rules
        self._address_detail: AddressDetail = address_detail

    async def register(self, *, email: str, username: str, password: str, client: Client = NO_CLIENT) -> User:
        """Create an account, committed when this returns. The queue position of the hash depends on ``client``.

        Of concurrent registrations with one name or address, in any spelling, exactly one succeeds. A refusal takes the
        same work whether the name or the address is taken. Raises what ``read_newcomer`` raises, ``EmailTakenError``
        and ``UsernameTakenError``.
        """
        try:
            return await self._register(email, username, password, client)
        except DomainError as refusal:
            report(RegistrationRefused(reason=refusal.code))
            raise

    async def _register(self, email: str, username: str, password: str, client: Client) -> User:
        newcomer = await read_newcomer(email, username, password, self._rules)
        address, name = newcomer.address, newcomer.username
        password_hash = await self._hasher.hash(password, client=client, account=address.key)
        user = User(id=uuid4(), email=address.shown, username=name, is_active=True)
        registered = UserRegistered(user_id=user.id)
        # The statements are the same whether the name is free or taken, except for the audit row. The lock is a write:
        # both cases wait for a commit on the disk.
        async with self._database.transaction() as connection:
            await users.add_user(connection, user, email_key=address.key, password_hash=password_hash)
            holder = await users.lock_holder(connection, email_key=address.key, username_key=name.lower())
            holder_id, has_email = holder or (None, False)
            if holder_id == user.id:
                await record(connection, registered, address=recorded_address(client.address, self._address_detail))
                mail = MailRequest(MailKind.VERIFY_EMAIL, MailOrigin.STRANGER, user_id=user.id)
                expires_at = self._clock.now() + ONE_TIME_TOKEN_LIFETIMES[Purpose.VERIFY_EMAIL]
                await self._mails.add(connection, mail, expires_at=expires_at)
        if holder_id != user.id:
            raise EmailTakenError if has_email else UsernameTakenError
        report(registered)
        return user
