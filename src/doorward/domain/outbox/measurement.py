"""Measure the outbox at intervals, for the metrics: once in each process that sends messages."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Final

from doorward.core.ports import Database
from doorward.core.repetition import repeating
from doorward.domain.outbox import repository
from doorward.domain.outbox.delivery import Delivery, reported
from doorward.domain.outbox.mail import MAIL_CHANNEL
from doorward.domain.outbox.models import LOGOUT_CHANNEL, RABBITMQ_CHANNEL, WEBHOOK_CHANNEL
from doorward.observability.events import OutboxMeasured
from doorward.observability.logging import report

MEASURED_UP_TO: Final = 10_000
MEASURE_SECONDS: Final = 15.0
CHANNELS: Final = (MAIL_CHANNEL, WEBHOOK_CHANNEL, RABBITMQ_CHANNEL, LOGOUT_CHANNEL)


class OutboxMeasurement:
    """Counts the messages of all channels, and the open circuits of this process's deliveries."""

    def __init__(
        self,
        *,
        database: Database[repository.Connection],
        deliveries: Sequence[Delivery],
        seconds: float = MEASURE_SECONDS,
    ) -> None:
        """Take the deliveries of this process, and the interval."""
        self._database = database
        self._deliveries = deliveries
        self._seconds = seconds

    def running(self) -> AbstractAsyncContextManager[None]:
        """Measure within the block."""
        return repeating(lambda: reported(self._measure()), self._seconds)

    async def _measure(self) -> None:
        async with self._database.connection() as connection:
            load = await repository.count_messages(connection, channels=CHANNELS, limit=MEASURED_UP_TO)
        report(
            OutboxMeasured(
                due=load.due,
                oldest_seconds=round(load.oldest_seconds, 3),
                dead=load.dead,
                open_circuits=sum(each.open_circuits for each in self._deliveries),
            )
        )
