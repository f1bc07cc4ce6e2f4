"""Mails that notify users of changes to their second factors."""

from datetime import UTC, datetime, timedelta
from typing import Final, Literal
from uuid import UUID

from doorward.domain.mfa.repositories import Connection
from doorward.domain.outbox.mail import MailKind, MailOrigin, MailRequest
from doorward.domain.outbox.mail_queue import MailQueue

NOTICE_KEPT: Final = timedelta(days=1)
"""How long a mail may wait to be sent."""

FactorChange = Literal[
    "totp_added",
    "totp_replaced",
    "totp_removed",
    "passkey_added",
    "passkey_removed",
    "passkey_suspended",
    "codes_made",
    "code_used",
    "reset",
    "identity_linked",
    "identity_unlinked",
]


class FactorNotices:
    """Queues the mail in the transaction of the change."""

    def __init__(self, mails: MailQueue) -> None:
        self._mails = mails

    @property
    def requires_verified_address(self) -> bool:
        """Whether a verified address is required to set up a factor or to link an identity.

        It is, if accounts can verify addresses. An account that was registered with another person's address must not
        get a factor that locks that person out, or an identity that still signs in after a reset.
        """
        return self._mails.is_configured

    async def notify(
        self, connection: Connection, user_id: UUID, change: FactorChange, *, email: str | None, now: datetime
    ) -> None:
        """Queue the mail. ``email`` is the current address of the user, None if it is not verified."""
        facts = {"at": f"{now.astimezone(UTC):%Y-%m-%d %H:%M} UTC", "change": change}
        request = MailRequest(MailKind.FACTORS_CHANGED, MailOrigin.SERVICE, user_id=user_id, email=email, facts=facts)
        await self._mails.add(connection, request, expires_at=now + NOTICE_KEPT)
