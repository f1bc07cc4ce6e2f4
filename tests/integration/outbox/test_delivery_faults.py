"""Delivery by several processes, some of which are killed, and with an unavailable database: each message once."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from psycopg import AsyncConnection

from doorward.core.exceptions import ServiceUnavailableError
from doorward.domain.outbox import repository
from doorward.domain.outbox.delivery import DeliveryTimes
from doorward.domain.outbox.models import Message, Outage, Outcome, TryAgain
from tests.integration.audit.trail import PlainDatabase
from tests.integration.outbox.messages import CHANNEL, Outbox, Receiver, eventually, shorter_lease
from tests.integration.service import Logs, events


@pytest.fixture
def outbox(own_database: str) -> Outbox:
    return Outbox(own_database)


async def test_concurrent_processes_never_claim_a_message_twice(outbox: Outbox) -> None:
    outbox.sql(
        "INSERT INTO outbox (message_id, channel, kind, payload)"
        " SELECT gen_random_uuid(), %s, 'kind', '' FROM generate_series(1, 3000)",
        CHANNEL,
    )

    async def claim_all() -> list[int]:
        claimed: list[int] = []
        async with outbox.database.connection() as connection:
            while batch := await repository.claim_messages(
                connection, channel=CHANNEL, lease=timedelta(hours=1), limit=100
            ):
                claimed += [message.id for message in batch]
        return claimed

    claimed = [each for ids in await asyncio.gather(*(claim_all() for _ in range(6))) for each in ids]
    assert len(claimed) == len(set(claimed)) == 3000


KILLED = """
import asyncio, sys
from tests.integration.outbox.messages import Outbox, shorter_lease

class Stuck:
    async def deliver(self, message):
        print(message.message_id, flush=True)
        await asyncio.sleep(600)

asyncio.run(Outbox(sys.argv[1]).delivery(Stuck(), times=shorter_lease(2)).deliver_due())
"""


def claiming_process(url: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", KILLED, url], stdout=subprocess.PIPE)


async def test_a_message_of_a_killed_process_is_delivered_after_its_lease(outbox: Outbox) -> None:
    message_id = await outbox.add()
    process = claiming_process(outbox.url)
    try:
        assert process.stdout is not None
        assert await asyncio.to_thread(process.stdout.readline) == f"{message_id}\n".encode()
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
    receiver = Receiver()
    delivery = outbox.delivery(receiver)
    (row,) = outbox.rows()
    # On a busy machine the lease may be about to end.
    if row["wait"] > 1:
        assert await delivery.deliver_due() == 0, "it belongs to the killed process until its lease ends"
    outbox.sql("SELECT pg_sleep(greatest(0, extract(epoch FROM due_at - clock_timestamp()))) FROM outbox")
    assert await delivery.deliver_due() == 1
    assert [(each.message_id, each.attempts) for each in receiver.got] == [(message_id, 2)]
    assert outbox.rows() == []


async def test_a_result_after_the_end_of_the_lease_does_not_change_the_next_claim(outbox: Outbox) -> None:
    await outbox.add()
    released = asyncio.Event()

    class Slow(Receiver):
        async def deliver(self, message: Message) -> Outcome:
            await released.wait()
            return await super().deliver(message)

    slow = asyncio.create_task(outbox.delivery(Slow(Outage("TimeoutError")), times=shorter_lease(0.1)).deliver_due())
    await eventually(lambda: bool(outbox.rows()[0]["attempts"]))
    await asyncio.sleep(0.15)
    await outbox.delivery(Receiver(TryAgain("smtp_451"))).deliver_due()
    (claimed_again,) = outbox.rows()
    released.set()
    await slow
    (row,) = outbox.rows()
    assert (row["attempts"], row["due_at"]) == (2, claimed_again["due_at"])


class FlakyDatabase(PlainDatabase):
    """A database that is unavailable for some calls."""

    away = 0

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[AsyncConnection[Any]]:
        if self.away:
            self.away -= 1
            raise ServiceUnavailableError
        async with super().connection() as connection:
            yield connection


async def test_a_message_delivered_during_an_outage_is_not_delivered_again(outbox: Outbox, logs: Logs) -> None:
    await outbox.add()
    database = FlakyDatabase(outbox.url)

    class Breaking(Receiver):
        async def deliver(self, message: Message) -> Outcome:
            database.away = 3
            return await super().deliver(message)

    receiver = Breaking()
    assert await outbox.delivery(receiver, database=database).deliver_due() == 1
    assert outbox.rows() == []
    assert len(receiver.got) == 1
    assert len(events(logs, "outbox.stalled")) == 3


async def test_the_running_delivery_survives_an_outage_of_postgresql(outbox: Outbox) -> None:
    database = FlakyDatabase(outbox.url)
    database.away = 3
    receiver = Receiver()
    async with outbox.delivery(receiver, database=database).running(grace_seconds=5):
        await outbox.add()
        await eventually(lambda: len(receiver.got) == 1)
        await eventually(lambda: outbox.rows() == [])


async def test_a_notification_triggers_a_delivery_before_the_next_poll(outbox: Outbox) -> None:
    receiver = Receiver()
    times = DeliveryTimes(poll_seconds=600, notice_seconds=0.01)
    delivery = outbox.delivery(receiver, times=times)
    async with delivery.running(grace_seconds=5):
        await asyncio.sleep(0.1)
        await outbox.add()
        delivery.notify()
        await eventually(lambda: len(receiver.got) == 1)


async def test_at_the_end_running_deliveries_finish_and_nothing_more_is_claimed(outbox: Outbox) -> None:
    for _ in range(2):
        await outbox.add()
    begun, released = asyncio.Event(), asyncio.Event()

    class Slow(Receiver):
        async def deliver(self, message: Message) -> Outcome:
            begun.set()
            await released.wait()
            return await super().deliver(message)

    receiver = Slow()
    async with outbox.delivery(receiver, concurrency=1).running(grace_seconds=60):
        await begun.wait()
        asyncio.get_running_loop().call_later(0.2, released.set)
    assert len(receiver.got) == 1
    assert len(outbox.rows()) == 1


async def test_a_delivery_beyond_the_grace_period_is_retried_after_its_lease(outbox: Outbox) -> None:
    await outbox.add()
    begun = asyncio.Event()

    class Stuck(Receiver):
        async def deliver(self, message: Message) -> Outcome:
            begun.set()
            await asyncio.Event().wait()
            return await super().deliver(message)

    async with outbox.delivery(Stuck()).running(grace_seconds=0.01):
        await begun.wait()
    (row,) = outbox.rows()
    assert row["attempts"] == 1
    assert row["wait"] > 60
