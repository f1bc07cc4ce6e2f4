"""Publish the messages of a channel to a broker in order. Only one process at a time publishes."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final
from uuid import NAMESPACE_URL, UUID, uuid5

from doorward.core.exceptions import ServiceUnavailableError
from doorward.core.frozen import frozen
from doorward.core.ports import Database
from doorward.domain.outbox.events import DeliveryCrashed, DeliveryStalled, MessagesRelayed, RelayFailed, RelayStarted
from doorward.domain.outbox.models import RABBITMQ_CHANNEL, RelayedMessage
from doorward.domain.outbox.ports import Broker, BrokerUnavailableError, Lock
from doorward.domain.outbox.repositories import relay as repository
from doorward.observability.logging import report

SUBSCRIPTION: Final = uuid5(NAMESPACE_URL, "urn:doorward:rabbitmq")
"""The id of the broker's only subscription. It must never change, because stored messages refer to it."""


@frozen
class RelayTimes:
    """Intervals and durations of the relay. Tests pass shorter ones."""

    poll_seconds: float = 1
    first_pause_seconds: float = 1
    longest_pause_seconds: float = 30


RELAY_TIMES: Final = RelayTimes()


class Relay:
    """Publishes the messages of the channel ``rabbitmq``, and removes those that the broker has confirmed."""

    def __init__(
        self,
        *,
        database: Database[repository.Connection],
        broker: Broker,
        lock: Lock,
        times: RelayTimes = RELAY_TIMES,
        messages_a_batch: int = 200,
    ) -> None:
        """Take the broker, and the lock that one process at a time holds."""
        self._database = database
        self._broker = broker
        self._lock = lock
        self._times = times
        self._messages_a_batch = messages_a_batch
        self._pause = times.first_pause_seconds
        self._ended = asyncio.Event()

    @asynccontextmanager
    async def running(self, *, grace_seconds: float) -> AsyncIterator[None]:
        """Publish within the block. At its end, the current batch is cancelled after ``grace_seconds``."""
        loop = asyncio.create_task(self._run())
        try:
            yield
        finally:
            self._ended.set()
            await asyncio.wait([loop], timeout=grace_seconds)
            loop.cancel()
            await asyncio.gather(loop, return_exceptions=True)

    async def _run(self) -> None:
        while not self._ended.is_set():
            try:
                await self._publish_while_holding_lock()
            except ServiceUnavailableError:
                report(DeliveryStalled())
            except BrokerUnavailableError as error:
                report(RelayFailed(reason=error.reason, seconds=self._pause))
                await self._wait(self._pause)
                self._pause = min(2 * self._pause, self._times.longest_pause_seconds)
            # Catch all, so that a bug in one round does not end the relay, and is reported.
            except Exception:  # noqa: BLE001 - reported with its traceback
                report(DeliveryCrashed())
            await self._wait(self._times.poll_seconds)

    async def _publish_while_holding_lock(self) -> None:
        async with self._lock.held() as check_lock:
            if check_lock is None:
                return
            async with self._database.connection() as connection:
                await repository.add_subscription(connection, SUBSCRIPTION)
            async with self._broker.connected() as publisher:
                report(RelayStarted())
                while not self._ended.is_set():
                    await check_lock()
                    messages = await self._oldest()
                    for each in split_into_rounds(messages):
                        await publisher.publish(each)
                    self._pause = self._times.first_pause_seconds
                    if messages:
                        await self._remove(messages)
                    else:
                        await self._wait(self._times.poll_seconds)

    async def _oldest(self) -> list[RelayedMessage]:
        async with self._database.connection() as connection:
            return await repository.list_oldest_messages(connection, limit=self._messages_a_batch)

    async def _remove(self, messages: Sequence[RelayedMessage]) -> None:
        async with self._database.connection() as connection:
            await repository.remove_messages(connection, [each.id for each in messages])
        report(MessagesRelayed(channel=RABBITMQ_CHANNEL, count=len(messages)))

    async def _wait(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._ended.wait()


def split_into_rounds(messages: Sequence[RelayedMessage]) -> list[list[RelayedMessage]]:
    """Group the messages into rounds with at most one message per stream.

    The messages of a round may therefore be published in any order.
    """
    found: list[list[RelayedMessage]] = []
    places: dict[UUID, int] = {}
    for message in messages:
        place = 0 if message.stream is None else places.get(message.stream, 0)
        if message.stream is not None:
            places[message.stream] = place + 1
        if place == len(found):
            found.append([])
        found[place].append(message)
    return found
