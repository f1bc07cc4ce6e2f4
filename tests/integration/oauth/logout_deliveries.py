"""Applications with back-channel logout, and the delivery of its messages in tests."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from doorward.domain.outbox.delivery import Delivery
from doorward.domain.outbox.mail_queue import MailQueue
from doorward.wiring.events_out import create_events_out
from doorward.wiring.keys import create_signing_keys
from tests.integration.oauth.browsers import Application, application
from tests.integration.oauth.provider import ISSUER, Provider
from tests.integration.service import FakeClock, claims_of, run_service, settings_of_the_ring
from tests.integration.webhook_receiver import OK, Receiver, receiving


@dataclass
class LogoutDelivery:
    """A provider, the delivery of its logout messages, and a server that receives them."""

    provider: Provider
    delivery: Delivery
    closed: Delivery
    """The delivery of an operator who has permitted no networks."""
    receiver: Receiver
    port: int

    async def app(self, **content: Any) -> Application:
        """Register an application with back-channel logout."""
        return await application(
            self.provider, backchannel_logout_uri=f"http://127.0.0.1:{self.port}/logout", **content
        )

    def messages(self) -> list[dict[str, Any]]:
        return self.provider.sql("SELECT * FROM outbox WHERE channel = 'logout' ORDER BY id")

    async def deliver(self) -> list[dict[str, Any]]:
        """Deliver all messages, regardless of their next attempt; return the claims that the server received."""
        self.provider.sql("UPDATE outbox SET due_at = clock_timestamp() WHERE channel = 'logout'")
        before = len(self.receiver.got)
        await self.delivery.deliver_due()
        return [claims_of(token_of(each.body)) for each in self.receiver.got[before:]]


def token_of(body: bytes) -> str:
    form = parse_qs(body.decode(), strict_parsing=True)
    assert list(form) == ["logout_token"]
    return form["logout_token"][0]


@dataclass(frozen=True)
class LogoutProvider:
    """A provider and its delivery; ``closed`` is that of an operator who has permitted no networks."""

    provider: Provider
    delivery: Delivery
    closed: Delivery

    @asynccontextmanager
    async def run_receiver(self) -> AsyncIterator[LogoutDelivery]:
        """Run a server of applications, with an empty outbox."""
        self.provider.sql("DELETE FROM outbox")
        receiver = Receiver(OK)
        async with receiving(receiver) as port:
            yield LogoutDelivery(self.provider, self.delivery, self.closed, receiver, port)


@asynccontextmanager
async def run_logout_provider(database_url: str, secret_key: str) -> AsyncIterator[LogoutProvider]:
    """Run a separate service: tests move its clock, and read its whole outbox."""
    changes = {"public_url": ISSUER}
    settings, clock = settings_of_the_ring(database_url, secret_key, changes), FakeClock()
    opened = settings_of_the_ring(database_url, secret_key, {**changes, "webhook_networks": "127.0.0.0/8"})
    async with run_service(settings, clock) as service:
        keys = create_signing_keys(settings, service.database, clock)
        assert keys is not None
        async with keys.running():
            deliveries = []
            for each in (opened, settings):
                events_out = create_events_out(each, service.database, clock, MailQueue(None), keys)
                assert events_out.names == ["logouts"]
                assert events_out.logouts is not None
                deliveries.append(events_out.logouts)
            yield LogoutProvider(Provider(service), *deliveries)
