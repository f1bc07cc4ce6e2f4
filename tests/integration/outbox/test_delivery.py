"""Delivery: each message once, whatever fails, and none before its turn."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from psycopg import AsyncConnection

from doorward.core.exceptions import ServiceUnavailableError
from doorward.domain.outbox import repository
from doorward.domain.outbox.delivery import DeliveryTimes
from doorward.domain.outbox.models import Delivered, Dropped, Message, Outage, Outcome, Postponed, Refused, TryAgain
from doorward.domain.outbox.retention import DeadLetterRetention
from doorward.observability.events import OutboxMeasured
from doorward.observability.logging import observed_events
from tests.integration.audit.trail import PlainDatabase
from tests.integration.outbox.messages import CHANNEL, Outbox, Receiver, eventually, shorter_lease
from tests.integration.service import FakeClock, Logs, events


@pytest.fixture
def outbox(own_database: str) -> Outbox:
    return Outbox(own_database)


async def test_a_delivered_message_is_removed(outbox: Outbox, logs: Logs) -> None:
    message_id = await outbox.add()
    receiver = Receiver()
    assert await outbox.delivery(receiver).deliver_due() == 1
    assert [(each.message_id, each.payload, each.attempts) for each in receiver.got] == [(message_id, b"payload", 1)]
    assert outbox.rows() == []
    (line,) = events(logs, "outbox.delivered")
    assert line["message_id"] == str(message_id)


async def test_a_message_that_is_not_to_be_delivered_is_removed(outbox: Outbox, logs: Logs) -> None:
    await outbox.add()
    await outbox.delivery(Receiver(Dropped("nothing_to_send"))).deliver_due()
    assert outbox.rows() == []
    assert len(events(logs, "outbox.dropped")) == 1


@pytest.mark.parametrize(("failures", "seconds"), [(1, 5), (2, 30), (3, 120)])
async def test_a_message_that_was_not_taken_is_tried_again_later_each_time(
    outbox: Outbox, failures: int, seconds: int
) -> None:
    await outbox.add()
    delivery = outbox.delivery(Receiver(TryAgain("smtp_451")))
    for _ in range(failures):
        outbox.make_due()
        assert await delivery.deliver_due() == 1
    (row,) = outbox.rows()
    assert row["attempts"] == failures
    assert 0.7 * seconds < row["wait"] <= 1.2 * seconds
    assert await delivery.deliver_due() == 0


async def test_what_is_refused_twice_for_now_is_delivered_the_third_time(outbox: Outbox) -> None:
    await outbox.add()
    receiver = Receiver(TryAgain("smtp_451"), TryAgain("smtp_451"), Delivered())
    delivery = outbox.delivery(receiver)
    for _ in range(3):
        outbox.make_due()
        await delivery.deliver_due()
    assert [each.attempts for each in receiver.got] == [1, 2, 3]
    assert outbox.rows() == []


async def test_a_refused_message_is_a_dead_letter_without_content(outbox: Outbox, clock: FakeClock, logs: Logs) -> None:
    await outbox.add()
    await outbox.delivery(Receiver(Refused("smtp_550")), clock=clock).deliver_due()
    (row,) = outbox.rows()
    assert (row["dead_reason"], bytes(row["payload"]), row["died_at"]) == ("smtp_550", b"", clock.now())
    assert [line["reason"] for line in events(logs, "outbox.dead")] == ["smtp_550"]
    outbox.make_due()
    assert await outbox.delivery(Receiver()).deliver_due() == 0


async def test_an_expired_message_is_a_dead_letter_and_is_not_tried(outbox: Outbox, clock: FakeClock) -> None:
    await outbox.add(expires_at=clock.now())
    receiver = Receiver()
    await outbox.delivery(receiver, clock=clock).deliver_due()
    assert receiver.got == []
    assert [(row["dead_reason"], bytes(row["payload"])) for row in outbox.rows()] == [("expired", b"")]


async def test_a_message_is_tried_until_the_moment_of_its_expiry(outbox: Outbox, clock: FakeClock) -> None:
    await outbox.add(expires_at=clock.now() + timedelta(microseconds=1))
    assert await outbox.delivery(Receiver(), clock=clock).deliver_due() == 1
    assert outbox.rows() == []


async def test_a_clock_that_jumps_ahead_expires_nothing(outbox: Outbox, clock: FakeClock) -> None:
    await outbox.add(expires_at=clock.now() + timedelta(hours=1))
    clock.advance(timedelta(days=400))
    receiver = Receiver()
    await outbox.delivery(receiver, clock=clock, may_expire=lambda: False).deliver_due()
    assert len(receiver.got) == 1


async def test_outages_consume_no_attempts_and_five_open_the_circuit(outbox: Outbox, logs: Logs) -> None:
    now = [0.0]
    for _ in range(6):
        await outbox.add()
    receiver = Receiver(Outage("ConnectionRefusedError"))
    delivery = outbox.delivery(receiver, at_a_time=1, steady=lambda: now[0])
    assert await delivery.deliver_due() == 5
    assert {row["attempts"] for row in outbox.rows()} == {0}
    outbox.make_due()
    assert await delivery.deliver_due() == 0, "the circuit is open"
    now[0] = 30.0
    assert await delivery.deliver_due() == 1, "one message tries whether the receiver is back"
    now[0] = 89.9
    assert await delivery.deliver_due() == 0, "the second pause is twice as long"
    now[0] = 90.0
    receiver.outcomes = [Delivered()]
    outbox.make_due()
    assert await delivery.deliver_due() == 6
    assert outbox.rows() == []
    assert [line["seconds"] for line in events(logs, "outbox.circuit.opened")] == [30, 60]
    assert len(events(logs, "outbox.circuit.closed")) == 1


async def test_a_postponed_message_waits_and_no_attempt_is_counted(outbox: Outbox) -> None:
    await outbox.add()
    await outbox.delivery(Receiver(Postponed(timedelta(seconds=60)))).deliver_due()
    (row,) = outbox.rows()
    assert row["attempts"] == 0
    assert 50 < row["wait"] <= 60


async def test_messages_of_channels_without_a_handler_stay(outbox: Outbox) -> None:
    await outbox.add(channel="webhook")
    assert await outbox.delivery(Receiver()).deliver_due() == 0
    assert [row["attempts"] for row in outbox.rows()] == [0]


async def test_messages_of_a_stream_keep_their_order_and_delay_no_other_stream(outbox: Outbox) -> None:
    endpoint, first, second = uuid4(), uuid4(), uuid4()
    ids = [await outbox.add(endpoint=endpoint, stream=stream) for stream in (first, first, second)]
    receiver = Receiver(TryAgain("status_500"), Delivered())
    delivery = outbox.delivery(receiver, at_a_time=1)
    await delivery.deliver_due()
    assert [each.message_id for each in receiver.got] == [ids[0], ids[2]]
    outbox.make_due()
    await delivery.deliver_due()
    assert [each.message_id for each in receiver.got[2:]] == ids[:2]


async def test_a_dead_letter_lets_its_stream_go_on(outbox: Outbox) -> None:
    endpoint, stream = uuid4(), uuid4()
    ids = [await outbox.add(endpoint=endpoint, stream=stream) for _ in range(2)]
    receiver = Receiver(Refused("status_410"), Delivered())
    await outbox.delivery(receiver).deliver_due()
    assert [each.message_id for each in receiver.got] == ids


async def test_a_defect_that_one_message_meets_stops_no_other(outbox: Outbox, logs: Logs) -> None:
    first, second = await outbox.add(), await outbox.add()

    class Defective(Receiver):
        async def deliver(self, message: Message) -> Outcome:
            if message.message_id == first:
                raise KeyError("a defect")
            return await super().deliver(message)

    receiver = Defective()
    await outbox.delivery(receiver).deliver_due()
    assert [each.message_id for each in receiver.got] == [second]
    assert [row["attempts"] for row in outbox.rows()] == [1]
    assert len(events(logs, "outbox.crashed")) == 1


async def test_processes_that_claim_at_the_same_moment_never_claim_one_message_twice(outbox: Outbox) -> None:
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


async def test_a_message_of_a_process_that_was_killed_is_delivered_after_its_lease(outbox: Outbox) -> None:
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
    if row["wait"] > 0:
        assert await delivery.deliver_due() == 0, "it is the killed process's until its lease ends"
    outbox.sql("SELECT pg_sleep(greatest(0, extract(epoch FROM due_at - clock_timestamp()))) FROM outbox")
    assert await delivery.deliver_due() == 1
    assert [(each.message_id, each.attempts) for each in receiver.got] == [(message_id, 2)]
    assert outbox.rows() == []


async def test_what_a_process_says_after_its_lease_changes_nothing_of_the_next_claim(outbox: Outbox) -> None:
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
    """A database that is away for some calls."""

    away = 0

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[AsyncConnection[Any]]:
        if self.away:
            self.away -= 1
            raise ServiceUnavailableError
        async with super().connection() as connection:
            yield connection


async def test_what_was_delivered_while_postgresql_went_away_is_not_delivered_again(outbox: Outbox, logs: Logs) -> None:
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


async def test_a_notice_is_looked_for_before_the_next_poll(outbox: Outbox) -> None:
    receiver = Receiver()
    times = DeliveryTimes(poll_seconds=600, notice_seconds=0.01, measure_seconds=600)
    delivery = outbox.delivery(receiver, times=times)
    async with delivery.running(grace_seconds=5):
        await asyncio.sleep(0.1)
        await outbox.add()
        delivery.notify()
        await eventually(lambda: len(receiver.got) == 1)


async def test_at_the_end_what_is_under_way_ends_and_nothing_more_is_claimed(outbox: Outbox) -> None:
    for _ in range(2):
        await outbox.add()
    begun, released = asyncio.Event(), asyncio.Event()

    class Slow(Receiver):
        async def deliver(self, message: Message) -> Outcome:
            begun.set()
            await released.wait()
            return await super().deliver(message)

    receiver = Slow()
    async with outbox.delivery(receiver, at_a_time=1).running(grace_seconds=60):
        await begun.wait()
        asyncio.get_running_loop().call_later(0.2, released.set)
    assert len(receiver.got) == 1
    assert len(outbox.rows()) == 1


async def test_what_does_not_end_in_its_grace_returns_after_its_lease(outbox: Outbox) -> None:
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


async def test_dead_letters_are_removed_after_14_days(outbox: Outbox, clock: FakeClock) -> None:
    for _ in range(3):
        await outbox.add()
    await outbox.delivery(Receiver(Refused("smtp_550")), clock=clock).deliver_due()
    waiting = await outbox.add()
    retention = DeadLetterRetention(database=outbox.database, clock=clock, letters_a_batch=2)
    clock.advance(timedelta(days=14))
    assert await retention.prune() == 0
    clock.advance(timedelta(seconds=1))
    assert await retention.prune() == 3
    assert [row["message_id"] for row in outbox.rows()] == [waiting]


async def test_the_outbox_is_measured(outbox: Outbox, logs: Logs) -> None:
    await outbox.add()
    await outbox.delivery(Receiver(Refused("smtp_550"))).deliver_due()
    await outbox.add(channel="webhook")
    outbox.sql("UPDATE outbox SET due_at = clock_timestamp() - interval '1 hour' WHERE dead_reason IS NULL")
    seen: list[Any] = []
    with observed_events(seen.append):
        async with outbox.delivery(Receiver()).running(grace_seconds=5):
            await eventually(lambda: any(isinstance(each, OutboxMeasured) for each in seen))
    measured = next(each for each in seen if isinstance(each, OutboxMeasured))
    assert (measured.due, measured.dead, measured.open_circuits) == (1, 1, 0)
    assert 3600 <= measured.oldest_seconds < 3700
    assert events(logs, "outbox.measured") == []
