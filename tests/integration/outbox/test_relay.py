"""The relay's pauses while its broker does not answer."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

import pytest

from doorward.domain.outbox.models import RelayedMessage
from doorward.domain.outbox.ports import BrokerUnavailableError, Publisher
from doorward.domain.outbox.relay import Relay, RelayTimes
from tests.integration.outbox.messages import Outbox, eventually
from tests.integration.service import Logs, events

TIMES = RelayTimes(poll_seconds=0.01, first_pause_seconds=0.01, longest_pause_seconds=0.04)


class Broker:
    """A broker whose connections fail as scripted: at once, with the first message, or once it is stopped."""

    def __init__(self, *faults: str) -> None:
        self.faults = list(faults)
        self.is_stopped = False
        self.got: list[RelayedMessage] = []

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[Publisher]:
        self.fault = self.faults.pop(0) if self.faults else "none"
        if self.fault == "connect":
            raise BrokerUnavailableError(self.fault)
        yield self

    async def publish(self, messages: Sequence[RelayedMessage]) -> None:
        if self.fault == "publish" or self.is_stopped:
            self.is_stopped = False
            raise BrokerUnavailableError("publish")
        self.got += messages


class HeldLock:
    """A lock that this process holds. It is checked once in each round of a connection."""

    def __init__(self) -> None:
        self.checks = 0

    @asynccontextmanager
    async def held(self) -> AsyncIterator[Callable[[], Awaitable[None]]]:
        yield self.check

    async def check(self) -> None:
        self.checks += 1


@pytest.fixture
def outbox(own_database: str) -> Outbox:
    return Outbox(own_database)


def relay(outbox: Outbox, broker: Broker, lock: HeldLock | None = None) -> Relay:
    return Relay(database=outbox.database, broker=broker, lock=lock or HeldLock(), times=TIMES)


def pauses(logs: Logs) -> list[float]:
    return [line["seconds"] for line in events(logs, "outbox.relay.failed")]


async def test_the_pause_doubles_up_to_a_maximum_even_if_only_publishing_fails(outbox: Outbox, logs: Logs) -> None:
    broker = Broker("connect", "publish", "connect", "publish")
    await outbox.add(channel="rabbitmq")
    async with relay(outbox, broker).running(grace_seconds=10):
        await eventually(lambda: outbox.rows() == [])
    assert (pauses(logs), len(broker.got)) == ([0.01, 0.02, 0.04, 0.04], 1)


@pytest.mark.parametrize("messages", [0, 1])
async def test_after_a_success_the_next_pause_is_short_again(outbox: Outbox, logs: Logs, messages: int) -> None:
    broker, lock = Broker("connect", "connect", "connect"), HeldLock()
    for _ in range(messages):
        await outbox.add(channel="rabbitmq")
    async with relay(outbox, broker, lock).running(grace_seconds=10):
        await eventually(lambda: lock.checks > 1)
        assert outbox.rows() == []
        broker.is_stopped = True
        await outbox.add(channel="rabbitmq")
        await eventually(lambda: outbox.rows() == [])
    assert pauses(logs) == [0.01, 0.02, 0.04, 0.01]
