"""Use case: accept an invitation.

The mail proves access to the invited address, and the account gets no other address. No user row is stored before the
invitation is accepted.
"""

from collections.abc import Sequence
from dataclasses import field
from uuid import UUID, uuid4

from doorward.core.events import AuditedEvent
from doorward.core.exceptions import DomainError
from doorward.core.frozen import frozen
from doorward.core.ports import Clock, Database
from doorward.domain.accounts.events import InvitationAccepted, InvitationRefused
from doorward.domain.accounts.inviting import INVITATION_ID, INVITATION_LIFETIME
from doorward.domain.accounts.links import AccountLinks, AccountPage
from doorward.domain.accounts.mailed_secret import ShownSecret, new_mailed_secret, shown_code, shown_token
from doorward.domain.accounts.new_account import add_verified_account
from doorward.domain.accounts.policy import typed_email_key
from doorward.domain.accounts.repositories import Connection, invitations
from doorward.domain.accounts.repositories.invitations import Invitation
from doorward.domain.audit.recording import record
from doorward.domain.auth.devices.recorded import AddressDetail, recorded_address
from doorward.domain.auth.exceptions import (
    InvalidOneTimeTokenError,
    UnknownRoleError,
)
from doorward.domain.auth.models import Standing, User
from doorward.domain.auth.ports import NO_CLIENT, Client, PasswordHasher
from doorward.domain.auth.roles import lock_grantable_scopes, lock_roles, replace_roles
from doorward.domain.auth.scopes import AdminScope
from doorward.domain.auth.tokens.one_time_token import OneTimeTokenCodec, Purpose
from doorward.domain.auth.users.identifiers import read_new_username
from doorward.domain.auth.users.registration import RegistrationRules
from doorward.domain.outbox.mail import ComposedMail, MailKind, MailOrigin, MailRequest
from doorward.observability.logging import report


@frozen
class Acceptance:
    """The invited person's choices."""

    username: str
    password: str = field(repr=False)


class Invitations:
    """Turn invitations into accounts."""

    def __init__(
        self,
        *,
        database: Database[Connection],
        hasher: PasswordHasher,
        clock: Clock,
        codec: OneTimeTokenCodec,
        rules: RegistrationRules,
        address_detail: AddressDetail,
    ) -> None:
        """Take the services, the rules for names and passwords, and how much of a client's address may be recorded."""
        self._database = database
        self._hasher = hasher
        self._clock = clock
        self._codec = codec
        self._rules = rules
        self._address_detail: AddressDetail = address_detail

    async def accept_by_token(self, token: str, acceptance: Acceptance, *, client: Client = NO_CLIENT) -> User:
        """Create the account of the invited address with the token of its mail.

        A refused name or password leaves the token usable. Raises ``InvalidOneTimeTokenError``,
        ``InvalidUsernameError``, ``UsernameReservedError``, the ``Password...Error`` classes, ``UsernameTakenError``,
        and ``EmailTakenError`` if the address got an account in another way.
        """
        try:
            shown = shown_token(self._codec, Purpose.INVITATION, token)
            async with self._database.connection() as connection:
                invitation = await invitations.find_by_token(connection, shown, now=self._clock.now())
            if invitation is None:
                raise InvalidOneTimeTokenError
            return await self._accept(invitation, shown, acceptance, client)
        except DomainError as refusal:
            report(InvitationRefused(reason=refusal.code))
            raise

    async def accept_by_code(
        self, email: str, code: str, acceptance: Acceptance, *, client: Client = NO_CLIENT
    ) -> User:
        """Create the account with the code of the mail and the invited address. Each wrong code counts as an attempt.

        With the right code, a refused name or password does not count. Raises as ``accept_by_token``.
        """
        try:
            # Before the invitation is looked up: otherwise this refusal would reveal who is invited.
            name = read_new_username(acceptance.username, reserved=self._rules.reserved_usernames)
            email_key = typed_email_key(email)
            self._rules.new_passwords.check_rules(acceptance.password, username=name, email=email_key)
            invitation, shown = await self._try_code(email_key, code)
            try:
                return await self._accept(invitation, shown, acceptance, client)
            except DomainError:
                async with self._database.connection() as connection:
                    await invitations.remove_code_attempt(connection, shown)
                raise
        except DomainError as refusal:
            report(InvitationRefused(reason=refusal.code))
            raise

    async def _try_code(self, email_key: str, code: str) -> tuple[Invitation, ShownSecret]:
        async with self._database.connection() as connection:
            claimed = await invitations.claim_code_attempt(connection, email_key=email_key, now=self._clock.now())
        if claimed is None:
            # As much work as for a wrong code: otherwise the response time would reveal who is invited.
            self._codec.code_macs(code, uuid4(), Purpose.INVITATION)
            raise InvalidOneTimeTokenError
        return claimed, shown_code(self._codec, Purpose.INVITATION, claimed.id, code, stored=claimed.code_mac)

    async def _accept(self, invitation: Invitation, shown: ShownSecret, acceptance: Acceptance, client: Client) -> User:
        """Consume the invitation and store the account in one transaction, after the password was hashed."""
        name = read_new_username(acceptance.username, reserved=self._rules.reserved_usernames)
        await self._rules.new_passwords.check(acceptance.password, username=name, email=invitation.email_key)
        password_hash = await self._hasher.hash(acceptance.password, client=client, account=invitation.email_key)
        user = User(uuid4(), invitation.email, name, is_active=True)
        address, now = recorded_address(client.address, self._address_detail), self._clock.now()
        accepted = InvitationAccepted(user_id=user.id, invitation_id=invitation.id)
        async with self._database.transaction() as connection:
            grantable = await _lock_grantable_scopes(connection, invitation)
            consumed = await invitations.consume_invitation(connection, shown, now=now)
            if consumed is None:
                raise InvalidOneTimeTokenError
            begun = await add_verified_account(
                connection, user, email_key=consumed.email_key, password_hash=password_hash, now=now, address=address
            )
            granted = await _grant_roles(connection, user.id, consumed, grantable)
            await record(connection, accepted, address=address)
        events: Sequence[AuditedEvent] = (*begun, *granted, accepted)
        for event in events:
            report(event)
        return user


async def _lock_grantable_scopes(connection: Connection, invitation: Invitation) -> frozenset[str] | None:
    """Return the scopes that the inviting user may grant now; None if there are no roles, or an operator invited."""
    if not invitation.roles or invitation.invited_by is None:
        return None
    return await lock_grantable_scopes(connection, invitation.invited_by)


async def _grant_roles(
    connection: Connection, user_id: UUID, invitation: Invitation, grantable: frozenset[str] | None
) -> Sequence[AuditedEvent]:
    """Give a new account the roles of its invitation, if the inviting user could still invite with them.

    Otherwise an administrator who lost these rights could regain them by an earlier invitation. Roles without scopes
    count as well, because other services read them. Raises ``InvalidOneTimeTokenError``.
    """
    if not invitation.roles:
        return ()
    try:
        known = await lock_roles(connection, wanted=invitation.roles)
    except UnknownRoleError as error:
        raise InvalidOneTimeTokenError from error
    scopes = {scope for role in known.values() for scope in role.scopes}
    if grantable is not None and not {AdminScope.INVITATIONS_WRITE, *scopes} <= grantable:
        raise InvalidOneTimeTokenError
    without_roles = Standing(user_id, is_active=True, roles=(), scopes=())
    return await replace_roles(connection, without_roles, invitation.roles, known)


@frozen
class InvitationMail:
    """Compose the mail with link and code, at the time of sending."""

    database: Database[Connection]
    clock: Clock
    codec: OneTimeTokenCodec
    links: AccountLinks

    async def origin_of(self, request: MailRequest) -> MailOrigin:
        """Return the request's origin. ``compose`` decides whether a mail is still due."""
        return request.origin

    async def compose(self, request: MailRequest, message_id: UUID) -> ComposedMail | None:  # noqa: ARG002 - the protocol has it
        """Make a new token. None for an invitation that was accepted, replaced or removed."""
        invitation_id, now = UUID(request.facts[INVITATION_ID]), self.clock.now()
        mailed = new_mailed_secret(
            self.codec, Purpose.INVITATION, invitation_id, now=now, expires_at=now + INVITATION_LIFETIME
        )
        async with self.database.transaction() as connection:
            invitation = await invitations.lock_invitation(connection, invitation_id, now=now)
            if invitation is None:
                return None
            await invitations.replace_mailed_secret(connection, invitation_id, mailed.stored)
        link = self.links.link(AccountPage.ACCEPT_INVITATION, mailed.text)
        return ComposedMail(invitation.email, MailKind.INVITATION, {"link": link, "code": mailed.code})
