"""Protocols of what this domain needs. The implementations are in ``infrastructure`` and in the domains."""

from collections.abc import AsyncGenerator, Sequence
from typing import Protocol
from uuid import UUID

from doorward.core.events import AuditedEvent
from doorward.domain.accounts.models import Mail, MailContent
from doorward.domain.accounts.repositories import Connection
from doorward.domain.outbox.mail import ComposedMail, MailOrigin, MailRequest
from doorward.domain.outbox.models import Outcome


class Composer(Protocol):
    """Compose the mails of some kinds at the time of sending. ``wiring/mail.py`` has the composer of each kind."""

    async def origin_of(self, request: MailRequest) -> MailOrigin | None:
        """Return whose budget the mail spends; None if no mail is due, for example after the change was replaced.

        Called before the budget is counted; changes nothing. Raises ``ServiceUnavailableError``.
        """
        ...

    async def compose(self, request: MailRequest, message_id: UUID) -> ComposedMail | None:
        """Return the mail, with a new token where its kind has one; None if no mail is due.

        None is normal: the address may belong to no account. Called again for each delivery attempt of the same
        message. Raises ``ServiceUnavailableError``.
        """
        ...


class MailTemplateError(Exception):
    """A template cannot be used. The message names the file and the problem."""


class MailTemplates(Protocol):
    """The templates of all mails."""

    def render(self, mail: ComposedMail) -> MailContent:
        """Return subject, text and HTML. Raises ``MailTemplateError`` if a fact is missing."""
        ...


class MailTransport(Protocol):
    """Deliver mails to their recipients."""

    async def send(self, mail: Mail) -> Outcome:
        """Try to deliver the mail once; return the outcome. Raises nothing for faults of the server."""
        ...


class PersonalData(Protocol):
    """The data that one domain stores about users, for the export.

    Foreign keys delete it with the user (ON DELETE CASCADE).
    """

    member: str
    """The name of the list in the export."""

    def entries(self, connection: Connection, user_id: UUID) -> AsyncGenerator[object]:
        """Yield dataclasses of the data stored about a user, without secrets and hashes."""
        ...


class IdentityRemoving(Protocol):
    """Removes the identities at other providers that a user has linked. ``domain/federation`` implements it."""

    async def remove(self, connection: Connection, user_id: UUID) -> Sequence[AuditedEvent]:
        """Unlink all identities of a user, whose row is locked; return the recorded events."""
        ...


class DevelopmentMails(Protocol):
    """The mails that development keeps, instead of sending them or in addition."""

    async def list(self) -> Sequence[Mail]:
        """Return the latest mails, the newest first."""
        ...

    async def find(self, message_id: UUID) -> Mail | None:
        """Return the mail with this id, if it is kept."""
        ...
