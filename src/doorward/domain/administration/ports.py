"""Protocols of the account and second-factor operations that this domain needs; their domains implement them.

The methods run in the caller's transaction, which has locked the user; the events are recorded, to be reported after
the commit.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from doorward.core.events import AuditedEvent
from doorward.domain.administration.repositories import Connection
from doorward.domain.auth.users.identifiers import EmailAddress


class AccountChanges(Protocol):
    """Account changes that the owner can make, too."""

    async def rename(self, connection: Connection, user_id: UUID, username: str) -> Sequence[AuditedEvent]:
        """Set a validated user name. Raises ``UsernameTakenError``, which ends the transaction."""
        ...

    async def replace_email(
        self, connection: Connection, user_id: UUID, address: EmailAddress, *, now: datetime
    ) -> Sequence[AuditedEvent]:
        """Set an unverified address and end all sessions. Raises ``EmailTakenError``, which ends the transaction."""
        ...

    async def queue_verification_mail(self, connection: Connection, user_id: UUID, *, now: datetime) -> None:
        """Queue the mail that verifies the account's address. Does nothing if no mail is configured."""
        ...

    async def queue_reset_mail(self, connection: Connection, user_id: UUID, *, now: datetime) -> None:
        """Queue the mail that resets the account's password. Raises ``MailNotConfiguredError``."""
        ...

    async def schedule_deletion(self, connection: Connection, user_id: UUID, *, now: datetime) -> AuditedEvent:
        """Deactivate an account now, and delete it after the grace period."""
        ...

    async def erase(self, connection: Connection, user_id: UUID) -> AuditedEvent:
        """Delete an account now, with all its data."""
        ...


class Invited(Protocol):
    """An invitation to be committed."""

    @property
    def id(self) -> UUID:
        """Return its id."""
        ...

    @property
    def event(self) -> AuditedEvent:
        """Return the event to report."""
        ...

    @property
    def link(self) -> str | None:
        """Return the link if the invitation is not mailed. It is shown only this once."""
        ...


class Inviting(Protocol):
    """Invite addresses."""

    async def add(
        self,
        connection: Connection,
        email: str,
        *,
        roles: Collection[str] = (),
        invited_by: UUID | None = None,
        is_mailed: bool = True,
    ) -> Invited:
        """Store an invitation, replacing an earlier one for the same address.

        Raises ``InvalidEmailError``, ``EmailTakenError``, and ``MailNotConfiguredError`` if it is to be mailed.
        """
        ...

    async def revoke(self, connection: Connection, invitation_id: UUID) -> AuditedEvent:
        """Revoke a locked invitation."""
        ...
