"""Build the senders of events to other systems from the settings: webhooks, RabbitMQ, back-channel logouts.

The packages of senders that are off are not imported.
"""

import ssl
from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Final

from doorward.api.administration_services import OutgoingServices, WebhookServices
from doorward.core.events import AuditedEvent, event_classes
from doorward.core.frozen import frozen
from doorward.core.ports import Clock
from doorward.domain.accounts import events as account_events
from doorward.domain.administration import events as administration_events
from doorward.domain.administration.exporting import events as exporting_events
from doorward.domain.administration.importing import events as importing_events
from doorward.domain.audit import events as audit_events
from doorward.domain.audit.replay import AuditReplay
from doorward.domain.auth import events as auth_events
from doorward.domain.federation import events as federation_events
from doorward.domain.keys import events as key_events
from doorward.domain.mfa import events as mfa_events
from doorward.domain.oauth import authorization_events
from doorward.domain.oauth import events as oauth_events
from doorward.domain.oauth.backchannel_logout import LogoutDelivery
from doorward.domain.outbox.delivery import Delivery
from doorward.domain.outbox.mail_queue import MailQueue
from doorward.domain.outbox.models import LOGOUT_CHANNEL, WEBHOOK_CHANNEL
from doorward.domain.outbox.relay import Relay
from doorward.domain.passkeys import events as passkey_events
from doorward.domain.webhooks import events as webhook_events
from doorward.domain.webhooks.calling import WebhookReplay, WebhookTest
from doorward.domain.webhooks.dead_letters import DeadLetters
from doorward.domain.webhooks.delivery import WebhookDelivery
from doorward.domain.webhooks.disabling import EndpointDisabling
from doorward.domain.webhooks.management import Webhooks
from doorward.infrastructure.id_tokens import IdTokens
from doorward.infrastructure.postgres.advisory_lock import AdvisoryLock
from doorward.infrastructure.postgres.database import PostgresDatabase, session_conninfo
from doorward.settings.config import Settings
from doorward.wiring.keys import SigningKeys
from doorward.wiring.mail import create_sealer
from doorward.wiring.stopping import GRACE_SECONDS

if TYPE_CHECKING:
    from doorward.infrastructure.webhooks.client import WebhookClient

MAXIMUM_CONCURRENT_WEBHOOKS: Final = 32
"""Maximum concurrent calls. An endpoint that stalls can hold all of them once, for 15 seconds; then it is paused."""

MAXIMUM_CONCURRENT_LOGOUTS: Final = 16

_LOCK_NAME: Final = "rabbitmq"
EVENT_MODULES: Final = (
    account_events,
    administration_events,
    audit_events,
    authorization_events,
    auth_events,
    exporting_events,
    federation_events,
    importing_events,
    key_events,
    mfa_events,
    oauth_events,
    passkey_events,
    webhook_events,
)
"""The modules that define events of the audit log. An event class is found only after its module was imported."""


@frozen
class EventsOut:
    """The senders of this process; None for one that is off."""

    webhooks: Delivery | None = None
    relay: Relay | None = None
    logouts: Delivery | None = None

    @property
    def names(self) -> list[str]:
        """Return the names of the senders that are on."""
        named = {"webhooks": self.webhooks, "rabbitmq": self.relay, "logouts": self.logouts}
        return [name for name, each in named.items() if each is not None]

    def deliveries(self) -> Sequence[Delivery]:
        """Return the deliveries that are on. The relay to RabbitMQ is none."""
        return [each for each in (self.webhooks, self.logouts) if each is not None]

    def senders(self) -> Sequence[AbstractAsyncContextManager[None]]:
        """Return a context manager for each sender that is on: it sends within its block."""
        senders = (self.webhooks, self.relay, self.logouts)
        return [each.running(grace_seconds=GRACE_SECONDS) for each in senders if each is not None]


def create_events_out(
    settings: Settings,
    database: PostgresDatabase,
    clock: Clock,
    mails: MailQueue,
    signing_keys: SigningKeys | None,
) -> EventsOut:
    """Return the senders that the settings enable.

    ``signing_keys`` sign logout tokens; None if the OpenID provider is off. Raises ``ImportError`` without the extra
    ``doorward[webhooks]`` or ``doorward[rabbitmq]``.
    """
    return EventsOut(
        webhooks=_create_webhook_delivery(settings, database, clock, mails),
        relay=_create_relay(settings, database),
        logouts=_create_logout_delivery(settings, database, clock, signing_keys),
    )


def event_types() -> Collection[str]:
    """Return the types of events that can be sent to other systems."""
    modules = {module.__name__ for module in EVENT_MODULES}
    found = [each for each in event_classes(AuditedEvent) if each.__module__ in modules]
    return frozenset(each.type for each in found if issubclass(each, AuditedEvent))


def create_outgoing(settings: Settings, database: PostgresDatabase, clock: Clock) -> OutgoingServices:
    """Return the use cases with which administrators manage webhooks and dead letters."""
    return OutgoingServices(
        webhooks=create_webhooks(settings, database, clock) if settings.outgoing.webhooks_enabled else None,
        dead_letters=DeadLetters(database=database, clock=clock),
    )


def create_webhooks(settings: Settings, database: PostgresDatabase, clock: Clock) -> WebhookServices:
    """Return the use cases of webhooks. Raises ``ImportError`` without the extra ``doorward[webhooks]``."""
    sealer, sender = create_sealer(settings), create_webhook_sender(settings)
    return WebhookServices(
        management=Webhooks(database=database, clock=clock, sealer=sealer, sender=sender, known_types=event_types()),
        test=WebhookTest(database=database, clock=clock, sealer=sealer, sender=sender),
        replay=WebhookReplay(database=database, clock=clock, replay=AuditReplay(database=database)),
    )


def create_webhook_sender(settings: Settings) -> "WebhookClient":
    """Return the HTTP client that calls endpoints."""
    from doorward.infrastructure.webhooks.client import WebhookClient  # noqa: PLC0415 - only where it is needed

    return WebhookClient(networks=settings.outgoing.webhook_networks, tls=ssl.create_default_context())


def sends_events(settings: Settings) -> bool:
    """Return whether events are sent to other systems, or logouts to applications."""
    outgoing = settings.outgoing
    return (
        outgoing.webhooks_enabled or outgoing.rabbitmq_url is not None or settings.browsers.provider_issuer is not None
    )


def check_events_out(settings: Settings) -> None:
    """Check that the extras that the settings need are installed. Raises ``ImportError``."""
    if settings.outgoing.webhooks_enabled:
        create_sealer(settings)
    if settings.outgoing.rabbitmq_url is not None:
        import doorward.infrastructure.rabbitmq  # noqa: F401, PLC0415 - an extra


def _create_webhook_delivery(
    settings: Settings, database: PostgresDatabase, clock: Clock, mails: MailQueue
) -> Delivery | None:
    if not settings.outgoing.webhooks_enabled:
        return None
    handler = WebhookDelivery(
        database=database,
        clock=clock,
        sealer=create_sealer(settings),
        sender=create_webhook_sender(settings),
        disabling=EndpointDisabling(database=database, clock=clock, mails=mails),
    )
    return Delivery(
        database=database,
        clock=clock,
        handlers={WEBHOOK_CHANNEL: handler},
        concurrency=MAXIMUM_CONCURRENT_WEBHOOKS,
    )


def _create_logout_delivery(
    settings: Settings, database: PostgresDatabase, clock: Clock, signing_keys: SigningKeys | None
) -> Delivery | None:
    issuer = settings.browsers.provider_issuer
    if issuer is None or signing_keys is None:
        return None
    from doorward.infrastructure.webhooks.logouts import LogoutClient  # noqa: PLC0415 - only where it is needed

    handler = LogoutDelivery(
        database=database,
        clock=clock,
        signer=IdTokens(signing_keys.rings, issuer),
        sender=LogoutClient(create_webhook_sender(settings)),
    )
    return Delivery(
        database=database,
        clock=clock,
        handlers={LOGOUT_CHANNEL: handler},
        concurrency=MAXIMUM_CONCURRENT_LOGOUTS,
    )


def _create_relay(settings: Settings, database: PostgresDatabase) -> Relay | None:
    if settings.outgoing.rabbitmq_url is None:
        return None
    from doorward.infrastructure.rabbitmq import RabbitMQ  # noqa: PLC0415 - an extra

    lock = AdvisoryLock(session_conninfo(settings.database, database.timeouts), _LOCK_NAME, database.timeouts)
    broker = RabbitMQ(settings.outgoing.rabbitmq_url.get_secret_value())
    return Relay(database=database, broker=broker, lock=lock)
