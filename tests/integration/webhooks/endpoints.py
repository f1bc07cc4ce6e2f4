"""Webhooks on one database: the use cases, the delivery, and the stored state."""

import ipaddress
import json
import secrets
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from standardwebhooks import Webhook

from doorward.core.events import AuditedEvent
from doorward.domain.administration.models import OPERATOR
from doorward.domain.audit.recording import record
from doorward.domain.audit.replay import AuditReplay
from doorward.domain.auth.events import UserActivated
from doorward.domain.outbox.delivery import Delivery
from doorward.domain.outbox.mail_queue import MailQueue
from doorward.domain.outbox.models import WEBHOOK_CHANNEL
from doorward.domain.webhooks.calling import WebhookReplay, WebhookTest
from doorward.domain.webhooks.dead_letters import DeadLetters
from doorward.domain.webhooks.delivery import WebhookDelivery
from doorward.domain.webhooks.disabling import EndpointDisabling
from doorward.domain.webhooks.management import Webhooks
from doorward.domain.webhooks.models import EndpointContent, EndpointWithSecret
from doorward.infrastructure.outbound import Resolve, resolve_host
from doorward.infrastructure.sealing import AesGcmSealer
from doorward.infrastructure.webhooks.client import WebhookClient
from doorward.observability.logging import report
from doorward.wiring.events_out import event_types
from tests.integration.outbox.messages import SHORT, Outbox
from tests.integration.service import FakeClock
from tests.integration.webhook_receiver import Received

LOOPBACK: Final = (ipaddress.ip_network("127.0.0.0/8"),)
PATIENT_SECONDS: Final = 60.0


class Hooks:
    """The use cases on one database, with loopback as a permitted network."""

    def __init__(
        self,
        url: str,
        clock: FakeClock,
        *,
        networks: Sequence[Any] = LOOPBACK,
        resolve: Resolve = resolve_host,
        seconds: float = PATIENT_SECONDS,
    ) -> None:
        self.outbox = Outbox(url)
        self.database = database = self.outbox.database
        self.clock = clock
        self.key = secrets.token_bytes(32)
        self.sealer = sealer = AesGcmSealer([self.key])
        self.mails = MailQueue(sealer)
        tls = ssl.create_default_context()
        self.sender = sender = WebhookClient(networks=networks, tls=tls, resolve=resolve, total_seconds=seconds)
        self.webhooks = Webhooks(
            database=database, clock=clock, sealer=sealer, sender=sender, known_types=event_types()
        )
        self.test = WebhookTest(database=database, clock=clock, sealer=sealer, sender=sender)
        replay = AuditReplay(database=database, entries_a_batch=2)
        self.replay = WebhookReplay(database=database, clock=clock, replay=replay)
        self.dead_letters = DeadLetters(database=database, clock=clock)

    def delivery(self, *, concurrency: int = 8) -> Delivery:
        disabling = EndpointDisabling(database=self.database, clock=self.clock, mails=self.mails)
        handler = WebhookDelivery(
            database=self.database, clock=self.clock, sealer=self.sealer, sender=self.sender, disabling=disabling
        )
        return Delivery(
            database=self.database,
            clock=self.clock,
            handlers={WEBHOOK_CHANNEL: handler},
            times=SHORT,
            concurrency=concurrency,
        )

    async def endpoint(self, port: int, *types: str, path: str = "/hook") -> EndpointWithSecret:
        """Add an endpoint for these types, or for all. It does not receive the event of its creation."""
        content = EndpointContent(f"http://127.0.0.1:{port}{path}", types=types or None)
        made = await self.webhooks.create(OPERATOR, content)
        self.outbox.sql("DELETE FROM outbox WHERE kind = 'webhook.changed'")
        return made

    async def record_events(self, *user_ids: UUID) -> None:
        """Record an event for each of the users, in this order."""
        for user_id in user_ids:
            await self.record(UserActivated(user_id=user_id))

    async def record(self, event: AuditedEvent) -> None:
        async with self.database.transaction() as connection:
            await record(connection, event)
        report(event)

    def rows(self) -> list[dict[str, Any]]:
        return self.outbox.rows()

    def payloads(self) -> list[dict[str, Any]]:
        return [json.loads(bytes(row["payload"])) for row in self.rows()]

    def stored(self, endpoint_id: UUID) -> dict[str, Any]:
        (row,) = self.outbox.sql("SELECT * FROM webhook_endpoints WHERE id = %s", endpoint_id)
        return row


def is_signed_by(secret: str, got: Received) -> bool:
    """Return whether the library accepts a signature of the message. It does not use the clock of the tests."""
    sent_at = datetime.fromtimestamp(int(got.headers["webhook-timestamp"]), UTC)
    signature = Webhook(secret).sign(got.headers["webhook-id"], sent_at, got.body.decode())
    return signature in got.headers["webhook-signature"].split(" ")
