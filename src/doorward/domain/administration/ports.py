"""What this domain needs of accounts and second factors, as Protocols. Their domains have the implementations.

Their methods work in the caller's transaction, which has locked the user; the events are recorded, to be reported after
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
    """Changes of an account that its owner can make, too."""

    async def rename(self, connection: Connection, user_id: UUID, username: str) -> Sequence[AuditedEvent]:
        """Give an account a user name that was checked. Raises ``UsernameTakenError``, which ends the transaction."""
        ...

    async def replace_email(
        self, connection: Connection, user_id: UUID, address: EmailAddress, *, now: datetime
    ) -> Sequence[AuditedEvent]:
        """Set an unverified address and end all sessions. Raises ``EmailTakenError``, which ends the transaction."""
        ...

    async def ask_to_verify(self, connection: Connection, user_id: UUID, *, now: datetime) -> None:
        """Queue the mail that verifies the account's address. Does nothing where no mail is configured."""
        ...

    async def ask_to_reset(self, connection: Connection, user_id: UUID, *, now: datetime) -> None:
        """Queue the mail that resets the account's password. Raises ``MailNotConfiguredError``."""
        ...

    async def schedule_deletion(self, connection: Connection, user_id: UUID, *, now: datetime) -> AuditedEvent:
        """Deactivate an account now, and let it be deleted after the grace period."""
        ...

    async def erase(self, connection: Connection, user_id: UUID) -> AuditedEvent:
        """Delete an account now, with all its data."""
        ...


class FactorResetting(Protocol):
    """What removes the second factors of a user. ``domain/mfa`` has the implementation."""

    async def reset(self, connection: Connection, user_id: UUID, *, now: datetime) -> AuditedEvent | None:
        """Remove all of them, and end all sessions; None for a user who has none, of whom nothing changes."""
        ...


class Invited(Protocol):
    """An invitation that is stored with the commit."""

    @property
    def id(self) -> UUID:
        """Its id."""
        ...

    @property
    def event(self) -> AuditedEvent:
        """What to report."""
        ...

    @property
    def link(self) -> str | None:
        """The link, where it was not mailed. It is shown this once."""
        ...


class Inviting(Protocol):
    """Invites addresses."""

    async def add(
        self,
        connection: Connection,
        email: str,
        *,
        roles: Collection[str] = (),
        invited_by: UUID | None = None,
        is_mailed: bool = True,
    ) -> Invited:
        """Store an invitation in place of the one before it for the same address.

        Raises ``InvalidEmailError``, ``EmailTakenError``, and ``MailNotConfiguredError`` if it is to be mailed.
        """
        ...

    async def revoke(self, connection: Connection, invitation_id: UUID) -> AuditedEvent:
        """Take back an invitation, which is locked."""
        ...
