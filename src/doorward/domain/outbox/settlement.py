"""Record the outcome of an attempt to deliver a message: remove its row, schedule a retry, or end it."""

import asyncio
import random
import time
from datetime import timedelta
from typing import Any

from doorward.core.exceptions import ServiceUnavailableError
from doorward.core.ports import Clock, Database
from doorward.domain.outbox import repository
from doorward.domain.outbox.events import (
    DeliveryStalled,
    MessageDelivered,
    MessageDied,
    MessageDropped,
    MessagePostponed,
    MessageRetried,
    MessageSuppressed,
)
from doorward.domain.outbox.models import Delivered, Dropped, Message, Outage, Outcome, Postponed, Refused, TryAgain
from doorward.domain.outbox.schedule import delay_after
from doorward.observability.logging import report


class Settlement:
    """Writes outcomes to the outbox, and reports them."""

    def __init__(
        self, *, database: Database[repository.Connection], clock: Clock, lease: timedelta, poll_seconds: float
    ) -> None:
        """Take the lease of claims, and the delay before a failed write is retried."""
        self._database = database
        self._clock = clock
        self._lease_seconds = lease.total_seconds()
        self._poll_seconds = poll_seconds

    async def settle(self, message: Message, outcome: Outcome) -> None:
        """Record the outcome. While PostgreSQL does not answer, this is retried.

        A delivered message must not be claimed again, so its outcome is retried as long as the process runs. For other
        outcomes the retries end with the lease, after which the message can be claimed again.
        """
        began = time.monotonic()
        while True:
            try:
                await self._record(message, outcome)
            except ServiceUnavailableError:
                report(DeliveryStalled())
                if not isinstance(outcome, Delivered) and time.monotonic() - began > self._lease_seconds:
                    return
                await asyncio.sleep(self._poll_seconds)
            else:
                return

    async def _record(self, message: Message, outcome: Outcome) -> None:
        facts: dict[str, Any] = {"channel": message.channel, "kind": message.kind, "message_id": message.message_id}
        match outcome:
            case Delivered():
                await self._remove(message)
                seconds = round((self._clock.now() - message.created_at).total_seconds(), 3)
                report(MessageDelivered(**facts, attempts=message.attempts, seconds=seconds))
            case Dropped("over_budget"):
                await self._remove(message)
                report(MessageSuppressed(**facts))
            case Dropped(reason):
                await self._remove(message)
                report(MessageDropped(**facts, reason=reason))
            case Refused(reason):
                async with self._database.connection() as connection:
                    await repository.end_message(
                        connection,
                        message.id,
                        reason=reason,
                        now=self._clock.now(),
                        keeps_payload=outcome.is_kept,
                    )
                report(MessageDied(**facts, attempts=message.attempts, reason=reason))
            case Postponed(delay):
                await self._defer(message, attempts=message.attempts - 1, delay=delay)
                report(MessagePostponed(**facts, seconds=round(delay.total_seconds(), 3)))
            case Outage(reason):
                # The delay of a first attempt, because the circuit decides when the receiver is tried again.
                await self._retry(
                    message, facts, attempts=message.attempts - 1, delay=delay_after(1, _chance()), reason=reason
                )
            case TryAgain(reason):
                delay = delay_after(message.attempts, _chance()) if outcome.delay is None else outcome.delay
                await self._retry(message, facts, attempts=message.attempts, delay=delay, reason=reason)

    async def _retry(
        self, message: Message, facts: dict[str, Any], *, attempts: int, delay: timedelta, reason: str
    ) -> None:
        await self._defer(message, attempts=attempts, delay=delay)
        seconds = round(delay.total_seconds(), 3)
        report(MessageRetried(**facts, attempts=attempts, reason=reason, seconds=seconds))

    async def _remove(self, message: Message) -> None:
        async with self._database.connection() as connection:
            await repository.remove_message(connection, message.id)

    async def _defer(self, message: Message, *, attempts: int, delay: timedelta) -> None:
        async with self._database.connection() as connection:
            await repository.update_due_time(
                connection, message.id, claimed_attempts=message.attempts, attempts=attempts, delay=delay
            )


def _chance() -> float:
    return random.random()  # noqa: S311 - no secret
