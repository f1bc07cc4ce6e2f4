"""What this domain needs from outside, as Protocols. The implementations are in ``infrastructure``."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol
from uuid import UUID

from doorward.core.events import AuditedEvent
from doorward.core.ports import Database
from doorward.domain.accounts.models import Mail, MailContent
from doorward.domain.accounts.repositories import Connection
from doorward.domain.outbox.mail import ComposedMail, MailOrigin, MailRequest
from doorward.domain.outbox.models import Outcome


class Composer(Protocol):
    """Composes the mails of some kinds when they are sent. ``wiring/mail.py`` has the composer of each kind."""

    async def judge(self, request: MailRequest) -> MailOrigin | None:
        """Return whose budget the mail spends; None when there is nothing to send, as for a change that was replaced.

        It is asked before the budget, and changes nothing. Raises ``ServiceUnavailableError``.
        """
        ...

    async def compose(self, request: MailRequest, message_id: UUID) -> ComposedMail | None:
        """Return the mail, with a token made now where its kind has one; None when there is nothing to send.

        Nothing to send is normal: the address may be of no account. It is called again for each attempt to deliver
        the same message. Raises ``ServiceUnavailableError``.
        """
        ...


class FactorResetting(Protocol):
    """What removes the second factors of a user. ``domain/mfa`` has the implementation."""

    async def reset(self, connection: Connection, user_id: UUID, *, now: datetime) -> AuditedEvent | None:
        """Remove all of them, and end all sessions; None for a user who has none, of whom nothing changes."""
        ...


class MailTemplateError(Exception):
    """A template cannot be used. The message names the file and what is wrong."""


class MailTemplates(Protocol):
    """The texts of all mails."""

    def render(self, mail: ComposedMail) -> MailContent:
        """Return subject, text and HTML. Raises ``MailTemplateError`` when a fact is missing."""
        ...


class MailTransport(Protocol):
    """Takes mails to the people that they are for."""

    async def send(self, mail: Mail) -> Outcome:
        """Try to deliver the mail once; return what came of it. Raises nothing for faults of the server."""
        ...


class PersonalData(Protocol):
    """What one domain stores about users, for the export. Rows go with the user by ON DELETE CASCADE."""

    member: str
    """The name of the list in the export."""

    def entries(self, connection: Connection, user_id: UUID) -> AsyncGenerator[object]:
        """Yield dataclasses of what is stored about a user. No secret, no hash."""
        ...


class SnapshotDatabase(Database[Connection], Protocol):
    """Connections to PostgreSQL, also for reading much as it was at one moment."""

    def snapshot(self) -> AbstractAsyncContextManager[Connection]:
        """Yield a connection that reads only, and in which all statements see the same. Call within ``bulk_place``."""
        ...


class DevelopmentMails(Protocol):
    """The mails that development keeps instead of sending them, or beside it."""

    async def list(self) -> Sequence[Mail]:
        """Return the latest mails, the newest first."""
        ...

    async def find(self, message_id: UUID) -> Mail | None:
        """Return the mail of this id, if it is kept."""
        ...
