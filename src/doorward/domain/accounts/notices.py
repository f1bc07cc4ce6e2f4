"""Compose notices: mails that tell the owner what happened to the account. No link in them acts.

A request names the user; its facts are words for the template, listed in ``NOTICE_FACTS``. In ``email`` it has the
address that the account had when it happened, if that was verified: whoever changes the address afterwards does not get
what is for the owner. Without one the notice is for the address that the account has when it is sent.
"""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from doorward.core.ports import Database
from doorward.domain.accounts.repositories import Connection, recipients
from doorward.domain.outbox.mail import ComposedMail, MailKind, MailOrigin, MailRequest

NOTICE_FACTS: Final[Mapping[MailKind, tuple[str, ...]]] = {
    MailKind.PASSWORD_CHANGED: (),
    MailKind.EMAIL_CHANGED: (),
    MailKind.NEW_DEVICE: ("at", "address", "user_agent"),
    MailKind.DELETION_SCHEDULED: ("deletes_at",),
    MailKind.REUSE_DETECTED: ("at",),
    MailKind.FACTORS_CHANGED: ("at", "change"),
    MailKind.WEBHOOK_DISABLED: ("at", "host", "reason"),
}
"""The facts that a notice shows when its request has them, as text: moments in UTC, a client's address and program."""

LONGEST_FACT: Final = 120
"""Characters. A client chooses what it calls itself."""


class NoticeComposer:
    """Composes the notices that need a user and nothing else."""

    def __init__(self, *, database: Database[Connection]) -> None:
        """Take the database."""
        self._database = database

    async def judge(self, request: MailRequest) -> MailOrigin:
        """Return the service: a notice has no budget."""
        return request.origin

    async def compose(self, request: MailRequest, message_id: UUID) -> ComposedMail | None:  # noqa: ARG002 - Composer's
        """Return the notice; None when the user is gone, or the address is not verified or refused a mail.

        Whether an address that the user had before has refused one is not known. Raises ``ServiceUnavailableError``.
        """
        if request.user_id is None:
            return None
        async with self._database.connection() as connection:
            recipient = await recipients.find_recipient(connection, request.user_id)
        if recipient is None:
            return None
        if request.email is None and not recipient.is_verified:
            return None
        if recipient.has_bounced and request.email in {None, recipient.email}:
            return None
        names = NOTICE_FACTS[request.kind]
        facts = {name: one_line(request.facts.get(name, "")) for name in names}
        return ComposedMail(
            to=request.email or recipient.email,
            kind=request.kind,
            facts={"username": recipient.username, **facts},
            locale=recipient.locale,
        )


def one_line(text: str) -> str:
    """Return the text without line ends and invisible characters, cut to ``LONGEST_FACT``."""
    shown = "".join(each if each.isprintable() else " " for each in text)
    return shown if len(shown) <= LONGEST_FACT else f"{shown[:LONGEST_FACT]}..."
