"""Disable an endpoint that is gone or has failed for days, drop its messages, and notify the administrators."""

from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

from doorward.core.ports import Clock, Database
from doorward.domain.audit.recording import record
from doorward.domain.outbox.mail import MailKind, MailOrigin, MailRequest
from doorward.domain.outbox.mail_queue import MailQueue
from doorward.domain.webhooks.dropping import drop_messages
from doorward.domain.webhooks.events import WebhookDisabled
from doorward.domain.webhooks.models import DeliveryTarget, FailureReason
from doorward.domain.webhooks.repositories import Connection, health
from doorward.observability.logging import report

ADMINISTRATORS: Final = "admin"
"""The built-in role whose users are notified."""

MAXIMUM_MAILS: Final = 50
MAIL_LIFETIME: Final = timedelta(days=1)


class EndpointDisabling:
    """Disables an endpoint that is gone or has failed for days."""

    def __init__(self, *, database: Database[Connection], clock: Clock, mails: MailQueue) -> None:
        self._database = database
        self._clock = clock
        self._mails = mails

    async def disable(self, connection: Connection, target: DeliveryTarget, reason: FailureReason) -> WebhookDisabled:
        """Disable the locked endpoint and request the mails, in the caller's transaction; return the event."""
        now = self._clock.now()
        event = WebhookDisabled(user_id=None, webhook_id=target.id, reason=reason)
        await health.disable_endpoint(connection, target.id, reason=reason, now=now)
        await record(connection, event)
        for user_id in await health.list_administrators(connection, role=ADMINISTRATORS, limit=MAXIMUM_MAILS):
            facts = {
                "host": urlsplit(target.url).hostname or "",
                "reason": reason,
                "at": f"{now:%Y-%m-%d %H:%M} UTC",
            }
            request = MailRequest(MailKind.WEBHOOK_DISABLED, MailOrigin.SERVICE, user_id=user_id, facts=facts)
            await self._mails.add(connection, request, expires_at=now + MAIL_LIFETIME)
        return event

    async def finish(self, event: WebhookDisabled) -> None:
        """Report the event, and drop the endpoint's messages. Call this after the transaction. They can be replayed."""
        report(event)
        await drop_messages(self._database, event.webhook_id)
