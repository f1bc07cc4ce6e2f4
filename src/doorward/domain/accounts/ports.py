"""What this domain needs from outside, as Protocols. The implementations are in ``infrastructure``."""

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from doorward.domain.accounts.models import Mail, MailContent
from doorward.domain.outbox.mail import ComposedMail, MailRequest
from doorward.domain.outbox.models import Outcome


class Composer(Protocol):
    """Composes the mails of some kinds when they are sent. ``wiring/mail.py`` has the composer of each kind."""

    async def compose(self, request: MailRequest, message_id: UUID) -> ComposedMail | None:
        """Return the mail, with a token made now where its kind has one; None when there is nothing to send.

        Nothing to send is normal: the address may be of no account. It is called again for each attempt to deliver
        the same message. Raises ``ServiceUnavailableError``.
        """
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


class DevelopmentMails(Protocol):
    """The mails that development keeps instead of sending them, or beside it."""

    async def list(self) -> Sequence[Mail]:
        """Return the latest mails, the newest first."""
        ...

    async def find(self, message_id: UUID) -> Mail | None:
        """Return the mail of this id, if it is kept."""
        ...
