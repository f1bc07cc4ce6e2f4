"""Invite an address, in the transaction of a use case. No user row is stored before the invitation is accepted."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

from doorward.core.frozen import frozen
from doorward.core.ports import Clock
from doorward.domain.accounts.events import InvitationCreated, InvitationRevoked
from doorward.domain.accounts.links import AccountLinks, AccountPage
from doorward.domain.accounts.mailed_secret import new_mailed_secret
from doorward.domain.accounts.repositories import Connection, accounts, invitations
from doorward.domain.accounts.repositories.invitations import NewInvitation
from doorward.domain.audit.recording import record
from doorward.domain.auth.exceptions import EmailTakenError
from doorward.domain.auth.tokens.one_time_token import OneTimeTokenCodec, Purpose
from doorward.domain.auth.users.identifiers import read_new_email
from doorward.domain.auth.users.registration import RegistrationRules
from doorward.domain.outbox.mail import MailKind, MailOrigin, MailRequest
from doorward.domain.outbox.mail_queue import MailQueue

INVITATION_LIFETIME: Final = timedelta(days=7)
INVITATION_ID: Final = "invitation_id"
"""The fact of a mail request that holds the invitation's id."""


@frozen
class Invited:
    """An invitation to be committed. ``event`` is recorded; ``link`` is set only if the invitation is not mailed."""

    id: UUID
    expires_at: datetime
    event: InvitationCreated
    link: str | None


class Inviting:
    """Stores and removes invitations, regardless of the registration mode and the allowed domains."""

    def __init__(
        self,
        *,
        clock: Clock,
        rules: RegistrationRules,
        mails: MailQueue,
        codec: OneTimeTokenCodec,
        links: AccountLinks,
    ) -> None:
        """Take the rules for addresses, the mail queue, and the codec and links for invitations that are not mailed."""
        self._clock = clock
        self._rules = rules
        self._mails = mails
        self._codec = codec
        self._links = links

    async def add(
        self,
        connection: Connection,
        email: str,
        *,
        roles: Collection[str] = (),
        invited_by: UUID | None = None,
        is_mailed: bool = True,
    ) -> Invited:
        """Store an invitation, replacing an earlier one for the same address, and queue its mail.

        The caller reports the event after the commit. The account will have the roles, which the caller has checked and
        locked. ``invited_by`` is the inviting user, None for an operator. The result has the link if the invitation is
        not mailed. Checks that the address has no account only as a help for the inviting user; acceptance checks it
        again. Raises ``MailNotConfiguredError``, ``InvalidEmailError``, ``EmailTakenError``.
        """
        address = read_new_email(email, allows_special_domains=self._rules.allows_special_domains)
        invitation_id, now = uuid4(), self._clock.now()
        expires_at = now + INVITATION_LIFETIME
        new = NewInvitation(
            invitation_id, address.shown, address.key, now, expires_at, roles=sorted(roles), invited_by=invited_by
        )
        if await accounts.find_mailbox_by_email(connection, address.key) is not None:
            raise EmailTakenError
        await invitations.add_invitation(connection, new)
        event = InvitationCreated(user_id=None, invitation_id=invitation_id)
        await record(connection, event)
        if not is_mailed:
            return Invited(invitation_id, expires_at, event, await self._make_link(connection, new))
        await self._mail(connection, new)
        return Invited(invitation_id, expires_at, event, link=None)

    async def revoke(self, connection: Connection, invitation_id: UUID) -> InvitationRevoked:
        """Remove a locked invitation in the caller's transaction; return the recorded event."""
        await invitations.remove_invitation(connection, invitation_id)
        event = InvitationRevoked(user_id=None, invitation_id=invitation_id)
        await record(connection, event)
        return event

    async def _mail(self, connection: Connection, new: NewInvitation) -> None:
        self._mails.require()
        facts = {INVITATION_ID: str(new.id)}
        # Within a budget: the address may belong to anyone, and an administrator's session may be stolen.
        mail = MailRequest(MailKind.INVITATION, MailOrigin.CLAIMANT, email=new.email, facts=facts)
        await self._mails.add(connection, mail, expires_at=new.expires_at)

    async def _make_link(self, connection: Connection, new: NewInvitation) -> str:
        secret = new_mailed_secret(
            self._codec, Purpose.INVITATION, new.id, now=new.created_at, expires_at=new.expires_at
        )
        # The code is not returned: a person who has the link does not need it.
        await invitations.replace_mailed_secret(connection, new.id, secret.stored)
        return self._links.link(AccountPage.ACCEPT_INVITATION, secret.text)
