"""The metrics of the outbox: each process that sends messages measures it once at each interval."""

from collections.abc import Iterator
from typing import Any

import pytest

from doorward.domain.outbox.delivery import Delivery
from doorward.domain.outbox.measurement import OutboxMeasurement
from doorward.domain.outbox.models import Delivered, Outage, Refused
from doorward.observability.events import OutboxMeasured
from doorward.observability.logging import observed_events
from doorward.settings.config import settings_from
from doorward.wiring.application import create_wired_app
from tests.integration.outbox.messages import Outbox, Receiver, eventually
from tests.integration.service import Logs, events

LONG = 600.0


@pytest.fixture
def outbox(own_database: str) -> Outbox:
    return Outbox(own_database)


@pytest.fixture
def measured() -> Iterator[list[OutboxMeasured]]:
    found: list[OutboxMeasured] = []

    def note(event: Any) -> None:
        if isinstance(event, OutboxMeasured):
            found.append(event)

    with observed_events(note):
        yield found


def measurement(outbox: Outbox, *deliveries: Delivery, seconds: float = LONG) -> OutboxMeasurement:
    return OutboxMeasurement(database=outbox.database, deliveries=deliveries, seconds=seconds)


async def test_the_size_of_the_outbox_is_measured(outbox: Outbox, logs: Logs, measured: list[OutboxMeasured]) -> None:
    await outbox.add()
    await outbox.delivery(Receiver(Refused("smtp_550"))).deliver_due()
    await outbox.add(channel="webhook")
    outbox.sql("UPDATE outbox SET due_at = clock_timestamp() - interval '1 hour' WHERE dead_reason IS NULL")
    async with measurement(outbox).running():
        await eventually(lambda: bool(measured))
    (found,) = measured
    assert (found.due, found.dead, found.open_circuits) == (1, 1, 0)
    assert 3600 <= found.oldest_seconds < 3700
    assert events(logs, "outbox.measured") == []


async def test_the_open_circuits_of_all_deliveries_are_counted(outbox: Outbox, measured: list[OutboxMeasured]) -> None:
    deliveries = [outbox.delivery(Receiver(outcome)) for outcome in (Outage("away"), Outage("away"), Delivered())]
    for delivery in deliveries:
        for _ in range(5):
            await outbox.add()
        outbox.make_due()
        await delivery.deliver_due()
    async with measurement(outbox, *deliveries).running():
        await eventually(lambda: bool(measured))
    assert [each.open_circuits for each in measured] == [2]


async def test_the_outbox_is_measured_again_after_a_failure(
    outbox: Outbox, logs: Logs, measured: list[OutboxMeasured]
) -> None:
    outbox.sql("ALTER TABLE outbox RENAME TO elsewhere")
    async with measurement(outbox, seconds=0.01).running():
        await eventually(lambda: bool(events(logs, "outbox.delivery_crashed")))
        assert measured == []
        outbox.sql("ALTER TABLE elsewhere RENAME TO outbox")
        await eventually(lambda: len(measured) > 1)


MAIL = {"smtp_host": "127.0.0.1", "smtp_port": 1, "email_from": "doorward@example.com"}
URL = {"public_url": "https://auth.example.com"}
BROKER = {"rabbitmq_url": "amqp://ada:lovelace@127.0.0.1:1/"}


@pytest.mark.parametrize(
    "changes",
    [URL, BROKER, {"webhooks_enabled": True}, {**URL, **MAIL, **BROKER, "webhooks_enabled": True}],
    ids=["logouts", "broker", "webhooks", "all"],
)
async def test_a_process_that_sends_anything_measures_once(
    own_database: str, secret_key: str, measured: list[OutboxMeasured], changes: dict[str, object]
) -> None:
    values = {"environment": "production", "secret_key": secret_key, "database_url": own_database, **changes}
    app = create_wired_app(settings_from(values))
    async with app.router.lifespan_context(app):
        await eventually(lambda: bool(measured))
    assert len(measured) == 1


async def test_a_process_that_sends_nothing_measures_nothing(
    own_database: str, secret_key: str, measured: list[OutboxMeasured]
) -> None:
    values = {"environment": "production", "secret_key": secret_key, "database_url": own_database}
    for changes in ({}, {**URL, "background": "off"}):
        app = create_wired_app(settings_from({**values, **changes}))
        async with app.router.lifespan_context(app):
            pass
    assert measured == []
