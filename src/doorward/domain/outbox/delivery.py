"""Deliver the messages of the outbox: claim, commit, deliver, then remove the row."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Final

from doorward.core.exceptions import ServiceUnavailableError
from doorward.core.frozen import frozen
from doorward.core.ports import Clock, Database
from doorward.domain.outbox import repository
from doorward.domain.outbox.events import (
    DeliveryCircuitClosed,
    DeliveryCircuitOpened,
    DeliveryCrashed,
    DeliveryStalled,
    MessageCrashed,
)
from doorward.domain.outbox.models import Delivered, Message, Outage, Outcome, Refused, TryAgain
from doorward.domain.outbox.ports import Handler
from doorward.domain.outbox.schedule import Circuit
from doorward.domain.outbox.settlement import Settlement
from doorward.observability.logging import report

CRASHED: Final = "crashed"
EXPIRED: Final = "expired"


@frozen
class DeliveryTimes:
    """Intervals and durations of delivery. Tests pass shorter ones."""

    poll_seconds: float = 1
    notice_seconds: float = 0.05
    """Delay between a request in this process and the poll of the outbox, so that its transaction can commit before."""

    lease: timedelta = timedelta(seconds=120)
    """How long a claimed message belongs to its process. After that, another process may claim it."""


DELIVERY_TIMES: Final = DeliveryTimes()


class Delivery:
    """Delivers the messages of some channels. Any number of processes may deliver at the same time."""

    def __init__(
        self,
        *,
        database: Database[repository.Connection],
        clock: Clock,
        handlers: Mapping[str, Handler],
        may_expire: Callable[[], bool] = lambda: True,
        times: DeliveryTimes = DELIVERY_TIMES,
        concurrency: int = 5,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the handler of each channel. ``concurrency`` is the maximum of concurrent deliveries of a channel.

        ``may_expire`` returns false while PostgreSQL's clock may be wrong; then no message counts as expired.
        """
        self._database = database
        self._clock = clock
        self._handlers = handlers
        self._may_expire = may_expire
        self._times = times
        self._concurrency = concurrency
        self._steady = steady
        self._circuits = dict.fromkeys(handlers, Circuit())
        self._settlement = Settlement(
            database=database, clock=clock, lease=times.lease, poll_seconds=times.poll_seconds
        )
        self._wake = asyncio.Event()
        self._ended = asyncio.Event()

    @property
    def open_circuits(self) -> int:
        """Return the number of channels whose circuit is open."""
        return sum(circuit.is_open for circuit in self._circuits.values())

    def notify(self) -> None:
        """Poll the outbox soon. Call this for each message that this process stores."""
        asyncio.get_running_loop().call_later(self._times.notice_seconds, self._wake.set)

    @asynccontextmanager
    async def running(self, *, grace_seconds: float) -> AsyncIterator[None]:
        """Deliver within the block. At its end no more messages are claimed.

        Deliveries in progress are cancelled after ``grace_seconds``.
        """
        loop = asyncio.create_task(self._run())
        try:
            yield
        finally:
            self._ended.set()
            self._wake.set()
            await asyncio.wait([loop], timeout=grace_seconds)
            loop.cancel()
            await asyncio.gather(loop, return_exceptions=True)

    async def deliver_due(self) -> int:
        """Try each due message once, unless its channel's circuit is open; return the number of attempts.

        Raises ``ServiceUnavailableError``.
        """
        tried = 0
        for channel, handler in self._handlers.items():
            tried += await self._deliver_channel(channel, handler)
        return tried

    async def _deliver_channel(self, channel: str, handler: Handler) -> int:
        """Try the due messages. Another message is claimed when one is done, so a slow receiver uses only one place."""
        tried, under_way = 0, set[asyncio.Task[None]]()
        try:
            while True:
                claimed = await self._claim(channel, under_way=len(under_way))
                under_way |= {asyncio.create_task(self._try(handler, message)) for message in claimed}
                tried += len(claimed)
                if not under_way:
                    return tried
                done, under_way = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
                for each in done:
                    each.result()
        except asyncio.CancelledError:
            for each in under_way:
                each.cancel()
            raise
        finally:
            await asyncio.gather(*under_way, return_exceptions=True)

    async def _run(self) -> None:
        while not self._ended.is_set():
            self._wake.clear()
            await reported(self.deliver_due())
            with suppress(TimeoutError):
                async with asyncio.timeout(self._times.poll_seconds):
                    await self._wake.wait()

    async def _claim(self, channel: str, *, under_way: int) -> list[Message]:
        """Claim a message for each free place. Messages that must wait are postponed, so that they hide no others."""
        places = self._circuits[channel].allowed(self._steady(), self._concurrency) - under_way
        claimed: list[Message] = []
        if self._ended.is_set() or places <= 0:
            return claimed
        lease = self._times.lease
        async with self._database.connection() as connection:
            while True:
                limit = places - len(claimed)
                claimed += await repository.claim_messages(connection, channel=channel, lease=lease, limit=limit)
                if len(claimed) == places:
                    return claimed
                if not await repository.update_blocked_messages(connection, channel=channel, lease=lease):
                    return claimed

    async def _try(self, handler: Handler, message: Message) -> None:
        """Deliver one message and settle its row. An exception of its handler does not affect other messages."""
        try:
            outcome = Refused(EXPIRED, is_answer=False) if self._is_expired(message) else await handler.deliver(message)
        except ServiceUnavailableError:
            report(DeliveryStalled())
            return
        # Catch all, so that a bug in the delivery of one message does not stop the others, and is reported.
        except Exception:  # noqa: BLE001 - reported with its traceback
            report(MessageCrashed(channel=message.channel, kind=message.kind, message_id=message.message_id))
            outcome = TryAgain(CRASHED, is_answer=False)
        self._update_circuit(message.channel, outcome)
        await self._settlement.settle(message, outcome)

    def _is_expired(self, message: Message) -> bool:
        return message.expires_at is not None and message.expires_at <= self._clock.now() and self._may_expire()

    def _update_circuit(self, channel: str, outcome: Outcome) -> None:
        """Open or close the channel's circuit, depending on the outcome of one attempt."""
        before = self._circuits[channel]
        match outcome:
            case Outage(reason) | TryAgain(reason, is_fault=True):
                after = before.after_fault(self._steady())
                if after.pause is not None and after is not before:
                    seconds = after.pause.total_seconds()
                    report(DeliveryCircuitOpened(channel=channel, reason=reason, seconds=seconds))
            case Delivered() | TryAgain(is_answer=True) | Refused(is_answer=True):
                after = before.after_answer()
                if before.is_open:
                    report(DeliveryCircuitClosed(channel=channel))
            case _:
                # Nothing was sent, or the result is lost, so the state of the receiver is unknown.
                after = before
        self._circuits[channel] = after


async def reported(work: Awaitable[object]) -> None:
    """Await a round of work on the outbox, and report its failures, so that the next round still runs."""
    try:
        await work
    except ServiceUnavailableError:
        report(DeliveryStalled())
    # Catch all, so that a bug in one round does not end the rounds, and is reported.
    except Exception:  # noqa: BLE001 - reported with its traceback
        report(DeliveryCrashed())
