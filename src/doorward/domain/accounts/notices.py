"""Compose notices: mails that inform the owner about changes of the account. Their links perform no action.

A request names the user; its facts are values for the template, listed in ``NOTICE_FACTS``. Its ``email`` is the
address that the account had at the time of the change, if it was verified: a person who changes the address afterwards
does not get the notice. Without ``email`` the notice goes to the account's address at the time of sending.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final
from uuid import UUID

from doorward.core.ports import Database
from doorward.domain.accounts.repositories import Connection, recipients
from doorward.domain.outbox.mail import ComposedMail, MailKind, MailOrigin, MailRequest

NOTICE_LIFETIME: Final = timedelta(hours=24)
"""How long a notice may wait for delivery."""

NOTICE_FACTS: Final[Mapping[MailKind, tuple[str, ...]]] = {
    MailKind.PASSWORD_CHANGED: (),
    MailKind.EMAIL_CHANGED: (),
    MailKind.NEW_DEVICE: ("at", "address", "user_agent"),
    MailKind.DELETION_SCHEDULED: ("deletes_at",),
    MailKind.REUSE_DETECTED: ("at",),
    MailKind.FACTORS_CHANGED: ("at", "change"),
    MailKind.WEBHOOK_DISABLED: ("at", "host", "reason"),
}
"""The facts that a notice may show, as text: times in UTC, a client's address and program."""

LONGEST_FACT: Final = 120
"""Maximum characters of a fact. Clients choose their User-Agent freely."""


class NoticeComposer:
    """Compose the notices that need only the user."""

    def __init__(self, *, database: Database[Connection]) -> None:
        """Take the database."""
        self._database = database

    async def origin_of(self, request: MailRequest) -> MailOrigin:
        """Return the request's origin, which is SERVICE: notices have no budget."""
        return request.origin

    async def compose(self, request: MailRequest, message_id: UUID) -> ComposedMail | None:  # noqa: ARG002 - Composer's
        """Return the notice; None if the user no longer exists, or the address is unverified or bounces.

        Bounces of an earlier address of the user are not known. Raises ``ServiceUnavailableError``.
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
    """Return the text on one line, without invisible characters, cut to ``LONGEST_FACT``."""
    shown = "".join(each if each.isprintable() else " " for each in text)
    return shown if len(shown) <= LONGEST_FACT else f"{shown[:LONGEST_FACT]}..."
