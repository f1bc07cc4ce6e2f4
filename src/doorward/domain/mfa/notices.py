"""The mails that tell users of changes of their second factors."""

from datetime import UTC, datetime, timedelta
from typing import Final, Literal
from uuid import UUID

from doorward.domain.mfa.repositories import Connection
from doorward.domain.outbox.mail import MailKind, MailOrigin, MailRequest
from doorward.domain.outbox.mail_queue import MailQueue

NOTICE_KEPT: Final = timedelta(days=1)
"""How long a mail may wait for its delivery."""

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
    """Asks for the mail, in the transaction of the change."""

    def __init__(self, mails: MailQueue) -> None:
        self._mails = mails

    @property
    def needs_verified_address(self) -> bool:
        """Whether accounts can verify their addresses: then those that have not may set up no factor.

        Whoever registers another person's address must not keep its owner out by one.
        """
        return self._mails.is_configured

    async def tell(
        self, connection: Connection, user_id: UUID, change: FactorChange, *, email: str | None, now: datetime
    ) -> None:
        """Queue the mail to the address that the user has at this moment, None where it is not verified."""
        facts = {"at": f"{now.astimezone(UTC):%Y-%m-%d %H:%M} UTC", "change": change}
        request = MailRequest(MailKind.FACTORS_CHANGED, MailOrigin.SERVICE, user_id=user_id, email=email, facts=facts)
        await self._mails.add(connection, request, expires_at=now + NOTICE_KEPT)
